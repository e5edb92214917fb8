import type { TemplatePart, TemplateProblem } from './template-failure.js';
import type { TemplateModel } from './template-model.js';

/** One template text and what it is for. */
export interface TemplateSource {
  readonly part: TemplatePart;
  readonly source: string;
}

/** Texts wanted of one model; they succeed or fail together, since a message with half its parts is none. */
export interface RenderRequest {
  readonly templates: readonly TemplateSource[];
  readonly model: TemplateModel;
}

/** The texts in the order of the request, or the first fault. */
export type RenderResult =
  | { readonly ok: true; readonly texts: readonly string[] }
  | { readonly ok: false; readonly problem: TemplateProblem };

/**
 * Renders templates somewhere. A template's fault is a result, never a rejection; a rejection means that the renderer
 * itself is gone (LedgerwireError `renderer-unavailable` or `renderer-closed`, both `retry`).
 */
export interface TemplateRenderer {
  render(request: RenderRequest): Promise<RenderResult>;
  /** Frees what the renderer holds. Waiting requests are rejected. */
  close(): Promise<void>;
}
