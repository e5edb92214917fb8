import { type Clock, codeOf, dispositionOf, LedgerwireError, sleep } from '#libs/core';
import type { ReplayProgress, ReplayRow, ReplayStore } from '#libs/persistence';
import type { LogProducer, RawLogProducer } from '#libs/streams';
import type { ReplayPortions } from './replay-portion.js';

/** What the runner works with. */
export interface ReplayRunnerPorts {
  readonly replays: Pick<ReplayStore, 'step'>;
  readonly portions: Pick<ReplayPortions, 'read'>;
  readonly producer: Pick<LogProducer & RawLogProducer, 'sendAll' | 'sendRaw'>;
  readonly clock: Clock;
  /** Told when a step failed; it is done again. */
  readonly onFailed: (error: unknown) => void;
}

/** Offsets that one step of a replay covers: between two steps it can be cancelled, and live records get their turn. */
const STEP_OFFSETS = 500;
const IDLE_MS = 1_000;
/** Between two tries of a step that fails; doubles up to the cap. */
const RETRY_BASE_MS = 1_000;
const RETRY_CAP_MS = 60_000;

/** Does the replays that operators have asked for, step by step, beside other consoles. */
export class ReplayRunner {
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();

  constructor(private readonly ports: ReplayRunnerPorts) {}

  start(): void {
    this.loop = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async run(): Promise<void> {
    const { clock, replays, onFailed } = this.ports;
    while (!this.stopping.signal.aborted) {
      let worked = false;
      try {
        worked = await replays.step(clock.now(), (replay) => this.step(replay));
      } catch (error) {
        onFailed(error);
      }
      if (!worked) await sleep(clock, IDLE_MS, this.stopping.signal).catch(() => undefined);
    }
  }

  private async step(replay: ReplayRow): Promise<ReplayProgress> {
    try {
      return await this.advance(replay);
    } catch (error) {
      if (dispositionOf(error) !== 'retry') return this.ended(replay, 'failed', problemOf(error));
      this.ports.onFailed(error);
      // Kept with the replay, so that operators see what it waits for and others get their turn meanwhile.
      const attempts = replay.attempts + 1;
      const waitMs = Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** Math.min(attempts - 1, 10));
      const nextTryAt = this.ports.clock.now() + waitMs;
      return { ...progressOf(replay), attempts, nextTryAt, problem: problemOf(error) };
    }
  }

  private async advance(replay: ReplayRow): Promise<ReplayProgress> {
    const { portions, producer } = this.ports;
    const span = replay.spans.find(({ next, to }) => next < to);
    if (!span) return this.ended(replay, 'done', null);
    const to = Math.min(span.to, span.next + STEP_OFFSETS);
    const portion = await portions.read(replay, { partition: span.partition, from: span.next, to });
    await producer.sendRaw(portion.raw);
    await producer.sendAll(portion.encoded);
    const spans = replay.spans.map((each) => (each === span ? { ...span, next: to } : each));
    const progress: ReplayProgress = {
      ...progressOf(replay),
      spans,
      read: replay.read + portion.read,
      replayed: replay.replayed + portion.raw.length + portion.encoded.length,
      unanswered: replay.unanswered + portion.unanswered,
      attempts: 0,
      nextTryAt: null,
      problem: null,
    };
    const over = spans.every(({ next, to: last }) => next >= last);
    return over ? this.ended(progress, 'done', null) : progress;
  }

  private ended(replay: ReplayProgress, status: 'done' | 'failed', problem: string | null): ReplayProgress {
    return { ...progressOf(replay), status, problem, nextTryAt: null, endedAt: this.ports.clock.now() };
  }
}

/** Messages of ours are for people and hold no personal data; of others only the code is known to. */
function problemOf(error: unknown): string {
  return error instanceof LedgerwireError ? `${error.message} (${error.code})` : codeOf(error);
}

function progressOf(replay: ReplayProgress): ReplayProgress {
  const { spans, read, replayed, unanswered, status, problem, attempts, nextTryAt, endedAt } = replay;
  return { spans, read, replayed, unanswered, status, problem, attempts, nextTryAt, endedAt };
}
