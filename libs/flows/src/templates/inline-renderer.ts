import { TemplateCache } from './template-cache.js';
import { TemplateEngine } from './template-engine.js';
import type { TemplateLimits } from './template-limits.js';
import type { RenderRequest, RenderResult, TemplateRenderer } from './template-renderer.js';

/**
 * Renders in the calling thread, with the engine's own limits and nothing behind them: for tests and for templates of
 * ours. What an operator wrote is rendered by {@link WorkerRenderer}.
 */
export class InlineRenderer implements TemplateRenderer {
  private readonly cache: TemplateCache;

  constructor(limits?: TemplateLimits) {
    this.cache = new TemplateCache(new TemplateEngine(limits));
  }

  render(request: RenderRequest): Promise<RenderResult> {
    return Promise.resolve(this.cache.render(request.templates, request.model));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
