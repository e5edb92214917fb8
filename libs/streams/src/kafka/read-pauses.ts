import type { Clock } from '#libs/core';

/**
 * When topics in which nobody waits for the next record are read. Once one of them has brought records, all of them are left out of
 * fetches for its pause, so that what comes meanwhile comes together: a fetch and a transaction cost the same for one record and
 * for fifty. The first record after a rest is read at once.
 */
export class ReadPauses {
  private restUntil = 0;

  /** @param pauses milliseconds by topic; topics that are not in it are never left out */
  constructor(
    private readonly pauses: ReadonlyMap<string, number>,
    private readonly clock: Clock,
  ) {}

  /** How long these topics are left out from now on, in milliseconds; 0 when they are read. */
  get restMs(): number {
    return Math.max(this.restUntil - this.clock.now(), 0);
  }

  /** Whether the topic is to be left out of a fetch that begins now. */
  leavesOut(topic: string): boolean {
    return this.pauses.has(topic) && this.restMs > 0;
  }

  /** Records of the topic have come. */
  brought(topic: string): void {
    const pauseMs = this.pauses.get(topic);
    if (pauseMs !== undefined) this.restUntil = Math.max(this.restUntil, this.clock.now() + pauseMs);
  }
}
