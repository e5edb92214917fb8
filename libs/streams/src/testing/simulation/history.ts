import type { EventQueue } from './event-queue.js';

/** What happened in a simulated world, as lines that people can read. Kept only when somebody wants to read it. */
export class History {
  readonly lines: string[] = [];
  private readonly startedAt: number;

  constructor(
    private readonly queue: EventQueue,
    private readonly wanted: boolean,
  ) {
    this.startedAt = queue.now;
  }

  /** The text is made only when it is kept. */
  note(who: string, what: () => string): void {
    if (this.wanted) this.lines.push(`${this.elapsed()}  ${who.padEnd(18)} ${what()}`);
  }

  private elapsed(): string {
    return `${((this.queue.now - this.startedAt) / 1_000).toFixed(3).padStart(11)}s`;
  }
}
