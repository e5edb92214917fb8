import { type Clock, type Random } from '#libs/core';
import type { Logger } from '#libs/platform';

/** Work that has to be done now and then; it must bear to be done by several instances at once. */
export interface Chore {
  readonly name: string;
  readonly everyMs: number;
  run(): Promise<void>;
}

/** Does chores until it is stopped. A chore that fails is logged and comes again at its next turn. */
export class Maintenance {
  private readonly cancels = new Map<string, () => void>();
  private readonly running = new Set<Promise<void>>();
  private stopped = false;

  constructor(
    private readonly chores: readonly Chore[],
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly logger: Logger,
  ) {}

  /** Does every chore at once for the first time. */
  start(): void {
    for (const chore of this.chores) this.begin(chore);
  }

  /** Begins nothing new; resolves when what runs has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const cancel of this.cancels.values()) cancel();
    await Promise.allSettled(this.running);
  }

  private begin(chore: Chore): void {
    const run = this.run(chore).finally(() => {
      this.running.delete(run);
      if (this.stopped) return;
      // Spread, so that instances that were started together do not go on in step.
      const waitMs = chore.everyMs * (0.75 + this.random() / 2);
      this.cancels.set(
        chore.name,
        this.clock.after(waitMs, () => this.begin(chore)),
      );
    });
    this.running.add(run);
  }

  private async run(chore: Chore): Promise<void> {
    try {
      await chore.run();
    } catch (error) {
      this.logger.warn({ event: 'maintenance.failed', chore: chore.name, error });
    }
  }
}
