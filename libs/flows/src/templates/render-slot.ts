import { Worker } from 'node:worker_threads';
import type { Clock } from '#libs/core';
import {
  IDLE,
  type RenderBatch,
  type RenderReply,
  type RenderResults,
  type RenderWorkerData,
} from './render-protocol.js';
import type { WorkerEntry } from './render-worker-entry.js';
import type { TemplateLimits } from './template-limits.js';

/** What every worker of a pool is started with. */
export interface SlotSettings {
  readonly entry: WorkerEntry;
  readonly limits: TemplateLimits;
  readonly clock: Clock;
  /** A job that makes no progress for this long is stopped (after at most twice this long). */
  readonly deadlineMs: number;
  /** A worker that is not ready by then counts as broken. */
  readonly startMs: number;
}

/** How a batch ended: with its results, by stopping one job, or without any job having run. */
export type BatchEnd =
  | { readonly kind: 'done'; readonly results: RenderResults }
  | { readonly kind: 'stopped'; readonly culprit: number }
  | { readonly kind: 'broken'; readonly cause: unknown };

/** Enough for the engine and thousands of templates; what needs more is a memory bomb and ends its worker only. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 32 };

interface Running {
  readonly worker: Worker;
  readonly progress: Int32Array;
  readonly ready: Promise<void>;
  gone: boolean;
}

/** One worker thread of the pool: started when first needed, killed when a job is stuck, then started again. */
export class RenderSlot {
  busy = false;
  /** Ids of the templates that the running worker has. */
  readonly known = new Set<number>();
  private running: Running | undefined;

  constructor(private readonly settings: SlotSettings) {}

  /** Renders one batch; never rejects. */
  async run(batch: RenderBatch): Promise<BatchEnd> {
    this.busy = true;
    const running = (this.running ??= this.start());
    running.worker.ref();
    try {
      const end = await this.exchange(running, batch);
      if (end.kind !== 'done') await this.stop();
      return end;
    } finally {
      running.worker.unref();
      this.busy = false;
    }
  }

  /** Ends the worker at once, whatever it does. */
  async stop(): Promise<void> {
    const running = this.running;
    this.running = undefined;
    this.known.clear();
    await running?.worker.terminate();
  }

  private start(): Running {
    const shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const progress = new Int32Array(shared);
    Atomics.store(progress, 0, IDLE);
    const worker = new Worker(this.settings.entry.url, {
      execArgv: [...this.settings.entry.execArgv],
      workerData: { limits: this.settings.limits, progress: shared } satisfies RenderWorkerData,
      resourceLimits: RESOURCE_LIMITS,
      env: {},
    });
    // Without a listener an error between two batches would end the process; the next batch finds the worker gone.
    worker.on('error', () => undefined);
    const running: Running = { worker, progress, ready: readiness(worker), gone: false };
    worker.once('exit', () => {
      running.gone = true;
      if (this.running === running) void this.stop();
    });
    return running;
  }

  private async exchange(running: Running, batch: RenderBatch): Promise<BatchEnd> {
    try {
      await this.untilReady(running);
    } catch (cause) {
      return { kind: 'broken', cause };
    }
    return this.send(running, batch);
  }

  private untilReady(running: Running): Promise<void> {
    const { clock, startMs } = this.settings;
    return new Promise((resolve, reject) => {
      const cancel = clock.after(startMs, () => reject(new Error('worker did not start in time')));
      running.ready.finally(cancel).then(resolve, reject);
    });
  }

  private send(running: Running, batch: RenderBatch): Promise<BatchEnd> {
    const { worker, progress } = running;
    return new Promise((resolve) => {
      const end = (result: BatchEnd): void => {
        cancelWatch();
        worker.off('message', onMessage).off('error', onGone).off('exit', onGone);
        resolve(result);
      };
      const onMessage = (reply: RenderReply): void => {
        if (reply.kind === 'results')
          end({ kind: 'done', results: JSON.parse(reply.results) as RenderResults });
      };
      const onGone = (cause: unknown): void => end(blame(progress, cause));
      const cancelWatch = this.watch(progress, () => onGone(new Error('a job made no progress')));
      worker.on('message', onMessage).once('error', onGone).once('exit', onGone);
      if (running.gone) onGone(new Error('worker is gone'));
      else worker.postMessage(batch);
    });
  }

  /** Calls back when the same job is still running after a whole deadline. */
  private watch(progress: Int32Array, onStuck: () => void): () => void {
    const { clock, deadlineMs } = this.settings;
    let last: number = IDLE;
    let cancel = (): void => undefined;
    const check = (): void => {
      const job = Atomics.load(progress, 0);
      if (job !== IDLE && job === last) {
        onStuck();
        return;
      }
      last = job;
      cancel = clock.after(deadlineMs, check);
    };
    cancel = clock.after(deadlineMs, check);
    return () => cancel();
  }
}

function readiness(worker: Worker): Promise<void> {
  const ready = new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve());
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('worker exited before it was ready')));
  });
  ready.catch(() => undefined);
  return ready;
}

function blame(progress: Int32Array, cause: unknown): BatchEnd {
  const job = Atomics.load(progress, 0);
  return job === IDLE ? { kind: 'broken', cause } : { kind: 'stopped', culprit: job };
}
