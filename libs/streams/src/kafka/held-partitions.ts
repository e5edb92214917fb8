import type { Clock } from '#libs/core';
import type { ReadResult } from './partition-reader.js';

/** A partition in which reading has stood before an unfinished transaction for some time. */
export interface HeldPartition {
  readonly topic: string;
  readonly partition: number;
  /** The first record that may not be read yet. */
  readonly offset: number;
  readonly heldMs: number;
}

/** Longer than any transaction may be open: the broker gives up those of a dead owner long before. */
const REPORTED_AFTER_MS = 60_000;

/**
 * Readers of committed records stop before the first transaction that has not ended. For moments that is how it is to be; for longer
 * the broker has forgotten a transaction (KAFKA-20734, KIP-664 "hanging transactions"), and nothing else would tell: whoever reads
 * has no error, and whoever wrote has its commit.
 */
export class HeldPartitions {
  private readonly known = new Map<string, { offset: number; since: number; reported: boolean }>();

  /** @param report told once of each partition that is held for a minute */
  constructor(
    private readonly clock: Clock,
    private readonly report: (held: HeldPartition) => void,
  ) {}

  /** How long reading has stood at the place that a fetch found it at, in milliseconds; 0 when nothing holds it back. */
  heldMs({ topic, partition, nextOffset, lastStableOffset, highWatermark }: ReadResult): number {
    const key = `${topic}/${partition}`;
    if (nextOffset < lastStableOffset || nextOffset >= highWatermark) {
      this.known.delete(key);
      return 0;
    }
    const now = this.clock.now();
    const before = this.known.get(key);
    const held = before?.offset === nextOffset ? before : { offset: nextOffset, since: now, reported: false };
    this.known.set(key, held);
    const heldMs = now - held.since;
    if (heldMs >= REPORTED_AFTER_MS && !held.reported) {
      held.reported = true;
      this.report({ topic, partition, offset: nextOffset, heldMs });
    }
    return heldMs;
  }
}
