import { type Clock, sleep } from '#libs/core';
import type { Logger } from '../logging/logger.js';

/**
 * The steps of a shutdown, in order: take nothing new, finish what is in work, hand over what is buffered, let go of
 * connections. All hooks of a phase run side by side; the next phase begins when they are done.
 */
export const shutdownPhases = ['stop-intake', 'drain', 'flush', 'close'] as const;

/** One of {@link shutdownPhases}. */
export type ShutdownPhase = (typeof shutdownPhases)[number];

/** What a service is doing. `starting` lasts until every strategy listens. */
export type ServiceState = 'starting' | 'running' | 'stopping' | 'stopped';

/** How long a shutdown may take. */
export interface ShutdownLimits {
  /** For stop-intake, drain and flush together. */
  readonly drainTimeoutMs: number;
  /** For close; it runs even when the drain did not end in time. */
  readonly closeTimeoutMs: number;
}

interface ShutdownHook {
  readonly phase: ShutdownPhase;
  readonly name: string;
  readonly run: () => Promise<void> | void;
}

/** Within Kubernetes' 30 s and the ten seconds that a stop may take (issue 4, "Graceful stop"). */
export const defaultShutdownLimits: ShutdownLimits = { drainTimeoutMs: 8_000, closeTimeoutMs: 2_000 };

/** Knows whether the service runs, and stops it in order. */
export class Lifecycle {
  private readonly hooks: ShutdownHook[] = [];
  private current: ServiceState = 'starting';
  private stopped: Promise<boolean> | undefined;

  constructor(
    private readonly logger: Logger,
    private readonly clock: Clock,
    private readonly onHalt: (error: unknown) => void,
    private readonly limits: ShutdownLimits = defaultShutdownLimits,
  ) {}

  get state(): ServiceState {
    return this.current;
  }

  /** Adds a hook; its name is for the log. Hooks must be idempotent with what Nest's own hooks close. */
  onShutdown(phase: ShutdownPhase, name: string, run: () => Promise<void> | void): void {
    this.hooks.push({ phase, name, run });
  }

  /** Everything listens. Does nothing when the service is stopping already. */
  started(): void {
    if (this.current === 'starting') this.current = 'running';
  }

  /**
   * Ends the process at once, with exit code 1, for what disposition `halt` is for: state that cannot be trusted. Nothing is
   * drained; open transactions are aborted by the broker.
   */
  halt(error: unknown): void {
    this.onHalt(error);
  }

  /** Stops the service once; later calls get the same promise. False when a hook failed or the time ran out. */
  shutdown(reason: string): Promise<boolean> {
    this.stopped ??= this.runPhases(reason);
    return this.stopped;
  }

  private async runPhases(reason: string): Promise<boolean> {
    const from = this.clock.now();
    this.current = 'stopping';
    this.logger.info({ event: 'service.stopping', reason });
    const drained = await this.within(this.limits.drainTimeoutMs, async (late) => {
      let clean = true;
      for (const phase of ['stop-intake', 'drain', 'flush'] as const)
        if (!late()) clean = (await this.runPhase(phase)) && clean;
      return clean;
    });
    const closed = await this.within(this.limits.closeTimeoutMs, () => this.runPhase('close'));
    this.current = 'stopped';
    const clean = drained && closed;
    this.logger[clean ? 'info' : 'error']({
      event: 'service.stopped',
      clean,
      durationMs: this.clock.now() - from,
    });
    return clean;
  }

  private async runPhase(phase: ShutdownPhase): Promise<boolean> {
    const results = await Promise.all(
      this.hooks.filter((hook) => hook.phase === phase).map((hook) => this.runHook(hook)),
    );
    return results.every(Boolean);
  }

  private async runHook({ phase, name, run }: ShutdownHook): Promise<boolean> {
    try {
      await run();
      return true;
    } catch (error) {
      this.logger.error({ event: 'service.shutdown-hook-failed', phase, hook: name, error });
      return false;
    }
  }

  /** `work` learns through its argument that nobody waits any longer. */
  private async within(timeoutMs: number, work: (late: () => boolean) => Promise<boolean>): Promise<boolean> {
    const finished = new AbortController();
    let late = false;
    const deadline = sleep(this.clock, timeoutMs, finished.signal).then(
      () => {
        late = true;
        this.logger.error({ event: 'service.shutdown-overdue', timeoutMs });
        return false;
      },
      () => false,
    );
    const result = await Promise.race([work(() => late), deadline]);
    finished.abort();
    return result;
  }
}
