import type { TemplateLimits } from './template-limits.js';
import type { TemplateModel } from './template-model.js';
import type { RenderResult, TemplateSource } from './template-renderer.js';

/** What a render worker is started with. */
export interface RenderWorkerData {
  readonly limits: TemplateLimits;
  /** One Int32: the index of the job being rendered, so that the owner knows whom to blame when it must kill. */
  readonly progress: SharedArrayBuffer;
}

/** Value of the progress cell while no job runs. */
export const IDLE = -1;

/** Owner to worker. Models travel as JSON text: one string is far cheaper to post than a tree of objects. */
export interface RenderBatch {
  /** Forget all templates; ids start anew. */
  readonly reset: boolean;
  /** Templates that this worker has not seen, by id. */
  readonly newTemplates: readonly (readonly [id: number, template: TemplateSource])[];
  /** JSON of {@link RenderJobs}. */
  readonly jobs: string;
}

/** Template ids and model of each job. */
export type RenderJobs = readonly (readonly [templateIds: readonly number[], model: TemplateModel])[];

/** Worker to owner: `ready` once after start, then one answer a batch. */
export type RenderReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'results'; /** JSON of {@link RenderResult}s. */ readonly results: string };

/** The results of one batch, in the order of its jobs. */
export type RenderResults = readonly RenderResult[];
