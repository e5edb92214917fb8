import type { CompiledTemplate, TemplateEngine } from './template-engine.js';
import { TemplateFailure, type TemplateProblem } from './template-failure.js';
import type { TemplateModel } from './template-model.js';
import type { RenderResult, TemplateSource } from './template-renderer.js';

type Entry =
  | { readonly ok: true; readonly template: CompiledTemplate }
  | { readonly ok: false; readonly problem: TemplateProblem };

const MAX_TEMPLATES = 2_000;

/** Compiled templates by their text, so that a template is read once and not once a message; faults are kept as well. */
export class TemplateCache {
  private readonly entries = new Map<string, Entry>();
  private readonly engine: TemplateEngine;

  constructor(engine: TemplateEngine) {
    this.engine = engine;
  }

  /** Renders all templates of one model, or gives the first fault. */
  render(templates: readonly TemplateSource[], model: TemplateModel): RenderResult {
    const texts: string[] = [];
    for (const source of templates) {
      const entry = this.get(source);
      if (!entry.ok) return entry;
      try {
        texts.push(this.engine.render(entry.template, model));
      } catch (error) {
        return { ok: false, problem: problemOf(error, source) };
      }
    }
    return { ok: true, texts };
  }

  private get(source: TemplateSource): Entry {
    const key = `${source.part}\n${source.source}`;
    const known = this.entries.get(key);
    if (known) return known;
    if (this.entries.size >= MAX_TEMPLATES) this.entries.clear();
    const entry = this.compile(source);
    this.entries.set(key, entry);
    return entry;
  }

  private compile(source: TemplateSource): Entry {
    try {
      return { ok: true, template: this.engine.compile(source.part, source.source) };
    } catch (error) {
      return { ok: false, problem: problemOf(error, source) };
    }
  }
}

function problemOf(error: unknown, source: TemplateSource): TemplateProblem {
  const failure =
    error instanceof TemplateFailure ? error : new TemplateFailure('failed', 'the template engine failed');
  return failure.toProblem(source.part);
}
