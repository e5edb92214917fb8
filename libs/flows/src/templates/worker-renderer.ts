import { type Clock, LedgerwireError, systemClock } from '#libs/core';
import { type BatchEnd, RenderSlot } from './render-slot.js';
import { renderWorkerEntry, type WorkerEntry } from './render-worker-entry.js';
import { defaultTemplateLimits, type TemplateLimits } from './template-limits.js';
import type { RenderRequest, RenderResult, TemplateRenderer, TemplateSource } from './template-renderer.js';

/** Settings of a {@link WorkerRenderer}; every one has a default. */
export interface WorkerRendererOptions {
  /** Worker threads; one renders tens of thousands of messages a second. */
  readonly workers?: number;
  /** A template that makes no progress for this long is stopped, in milliseconds. */
  readonly deadlineMs?: number;
  /** Messages handed to a worker at once. */
  readonly maxBatch?: number;
  readonly limits?: TemplateLimits;
  readonly clock?: Clock;
  /** The worker's file; the one beside this module unless a build puts it elsewhere. */
  readonly entry?: WorkerEntry;
}

interface NumberedTemplate {
  readonly id: number;
  readonly template: TemplateSource;
}

interface Job {
  readonly templates: readonly NumberedTemplate[];
  readonly modelJson: string;
  readonly resolve: (result: RenderResult) => void;
  readonly reject: (error: LedgerwireError) => void;
  /** How often a worker died on it. */
  strikes: number;
  /** How often its worker was gone before it was its turn. */
  detours: number;
}

// A worker that dies takes an innocent job with it when the whole machine stood still; hence a second try before
// a template is found guilty, and a few when the worker never came up.
const MAX_STRIKES = 2;
const MAX_DETOURS = 3;
const MAX_TEMPLATES = 2_000;
const START_MS = 30_000;

/**
 * Renders in worker threads that can be killed: whatever a template does, the service goes on, and other messages wait
 * two deadlines at most. Requests that arrive while a worker is busy go to it together.
 */
export class WorkerRenderer implements TemplateRenderer {
  private readonly slots: readonly RenderSlot[];
  private readonly queue: Job[] = [];
  private readonly maxBatch: number;
  private readonly numbered = new Map<string, NumberedTemplate>();
  private nextTemplateId = 0;
  private pumping = false;
  private closed = false;

  constructor(options: WorkerRendererOptions = {}) {
    const settings = {
      entry: options.entry ?? renderWorkerEntry(),
      limits: options.limits ?? defaultTemplateLimits,
      clock: options.clock ?? systemClock,
      deadlineMs: options.deadlineMs ?? 1_000,
      startMs: START_MS,
    };
    this.maxBatch = options.maxBatch ?? 128;
    this.slots = Array.from({ length: options.workers ?? 1 }, () => new RenderSlot(settings));
  }

  render(request: RenderRequest): Promise<RenderResult> {
    return new Promise((resolve, reject) => {
      if (this.closed) {
        reject(closedError());
        return;
      }
      this.queue.push({
        templates: request.templates.map((template) => this.number(template)),
        modelJson: JSON.stringify(request.model),
        resolve,
        reject,
        strikes: 0,
        detours: 0,
      });
      this.pumpSoon();
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const job of this.queue.splice(0)) job.reject(closedError());
    await Promise.all(this.slots.map((slot) => slot.stop()));
  }

  /** After the microtasks that are ready now, so that requests made together travel together. */
  private pumpSoon(): void {
    if (this.pumping) return;
    this.pumping = true;
    queueMicrotask(() => {
      this.pumping = false;
      for (const slot of this.slots) {
        if (!slot.busy && this.queue.length > 0)
          void this.runBatch(slot, this.queue.splice(0, this.maxBatch));
      }
    });
  }

  private async runBatch(slot: RenderSlot, jobs: readonly Job[]): Promise<void> {
    const reset = slot.known.size > MAX_TEMPLATES;
    if (reset) slot.known.clear();
    const fresh = new Map(
      jobs.flatMap((job) => job.templates.map(({ id, template }) => [id, template] as const)),
    );
    for (const id of fresh.keys()) if (slot.known.has(id)) fresh.delete(id);
    for (const id of fresh.keys()) slot.known.add(id);
    const json = jobs.map((job) => `[${JSON.stringify(job.templates.map(({ id }) => id))},${job.modelJson}]`);
    this.settle(jobs, await slot.run({ reset, newTemplates: [...fresh], jobs: `[${json.join(',')}]` }));
    this.pumpSoon();
  }

  private settle(jobs: readonly Job[], end: BatchEnd): void {
    if (end.kind === 'done') {
      jobs.forEach((job, index) => job.resolve(end.results[index] ?? stopped(job)));
      return;
    }
    jobs.forEach((job, index) => {
      if (end.kind === 'broken') job.detours += 1;
      else if (index === end.culprit) job.strikes += 1;
    });
    this.queue.unshift(...jobs.filter((job) => this.mayTryAgain(job, end)));
  }

  private mayTryAgain(job: Job, end: BatchEnd): boolean {
    if (this.closed) job.reject(closedError());
    else if (job.strikes >= MAX_STRIKES) job.resolve(stopped(job));
    else if (job.detours >= MAX_DETOURS) job.reject(unavailable(end));
    else return true;
    return false;
  }

  /** A template travels to a worker once and by its number from then on. */
  private number(template: TemplateSource): NumberedTemplate {
    const key = `${template.part}\n${template.source}`;
    const known = this.numbered.get(key);
    if (known) return known;
    if (this.numbered.size >= MAX_TEMPLATES) this.numbered.clear();
    const numbered = { id: this.nextTemplateId++, template };
    this.numbered.set(key, numbered);
    return numbered;
  }
}

function stopped(job: Job): RenderResult {
  const message = 'the template was stopped because it did not come to an end; simplify it';
  const part = job.templates[0]?.template.part ?? 'sms';
  return { ok: false, problem: { part, code: 'stopped', message, line: null, column: null } };
}

function closedError(): LedgerwireError {
  return new LedgerwireError('the template renderer is closed', {
    code: 'renderer-closed',
    disposition: 'retry',
  });
}

function unavailable(end: BatchEnd): LedgerwireError {
  return new LedgerwireError('the template renderer cannot be started', {
    code: 'renderer-unavailable',
    disposition: 'retry',
    cause: end.kind === 'broken' ? end.cause : undefined,
  });
}
