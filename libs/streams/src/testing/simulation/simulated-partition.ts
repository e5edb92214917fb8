import type { RawHeader } from '../../log/raw-record.js';
import type { FetchedMessage, FetchedPartition } from '../../kafka/kafkajs-internals.js';

/** One entry of a partition as the broker keeps it: records of open and aborted transactions and markers included. */
interface LogEntry {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RawHeader[];
  /** undefined: written outside of transactions. */
  readonly producerId: string | undefined;
  readonly marker: 'commit' | 'abort' | undefined;
}

/** A record to append. */
export type AppendedRecord = Pick<LogEntry, 'key' | 'value' | 'headers'>;

interface AbortedTransaction {
  readonly producerId: string;
  readonly firstOffset: number;
  readonly lastOffset: number;
}

const MARKER_KEYS = { abort: Buffer.from([0, 0, 0, 0]), commit: Buffer.from([0, 0, 0, 1]) };

/**
 * One partition with Kafka's semantics: transactions end by markers, a reader of committed records gets no further than the
 * first record of an open transaction (the last stable offset) and is told which transactions were aborted, in
 * the order of their ends.
 */
export class SimulatedPartition {
  private readonly entries: LogEntry[] = [];
  private readonly open = new Map<string, number>();
  /** Producers whose open transaction is going to be committed: only its marker is missing. */
  private readonly decided = new Set<string>();
  private readonly aborted: AbortedTransaction[] = [];
  private readonly waiters = new Set<() => void>();
  private end = 0;

  /** The next offset to be given out. */
  get highWatermark(): number {
    return this.end;
  }

  get lastStableOffset(): number {
    return this.open.size === 0 ? this.end : Math.min(...this.open.values());
  }

  append(record: AppendedRecord, timestamp: number, producerId?: string): number {
    const offset = this.end;
    if (producerId !== undefined && !this.open.has(producerId)) this.open.set(producerId, offset);
    this.entries.push({ ...record, offset, timestamp, producerId, marker: undefined });
    this.end += 1;
    this.wake();
    return offset;
  }

  /** The coordinator has decided to commit; the marker follows. */
  decideCommit(producerId: string): void {
    this.decided.add(producerId);
  }

  /** Ends a producer's transaction in this partition. */
  endTransaction(producerId: string, marker: 'commit' | 'abort', timestamp: number): void {
    this.decided.delete(producerId);
    const firstOffset = this.open.get(producerId);
    if (firstOffset === undefined) return;
    this.open.delete(producerId);
    if (marker === 'abort') this.aborted.push({ producerId, firstOffset, lastOffset: this.end });
    const key = MARKER_KEYS[marker];
    this.entries.push({
      offset: this.end,
      timestamp,
      key,
      value: Buffer.alloc(6),
      headers: [],
      producerId,
      marker,
    });
    this.end += 1;
    this.wake();
  }

  /** What a fetch with isolation level read_committed answers. */
  fetch(partition: number, fromOffset: number, maxRecords: number): FetchedPartition {
    const found: LogEntry[] = [];
    const stable = this.lastStableOffset;
    for (let i = this.indexOf(fromOffset); i < this.entries.length && found.length < maxRecords; i += 1) {
      const entry = this.entries[i];
      if (!entry || entry.offset >= stable) break;
      found.push(entry);
    }
    return {
      partition,
      highWatermark: String(this.end),
      abortedTransactions: this.aborted
        .filter(({ lastOffset }) => lastOffset >= fromOffset)
        .map(({ producerId, firstOffset }) => ({ producerId, firstOffset: String(firstOffset) })),
      messages: found.map(toMessage),
    };
  }

  /** Committed records, as every reader will see them in the end: also those whose marker is still being written. */
  committed(): readonly LogEntry[] {
    return this.entries.filter((entry) => entry.marker === undefined && this.isCommitted(entry));
  }

  /** Log compaction up to the last stable offset: of each key the last committed record stays; offsets do not change. */
  compact(): void {
    const stable = this.lastStableOffset;
    const last = new Map<string, number>();
    const committed = this.committed().filter(({ offset }) => offset < stable);
    for (const { key, offset } of committed) last.set(key?.toString('latin1') ?? '', offset);
    const superseded = new Set(
      committed
        .filter(({ key, offset }) => last.get(key?.toString('latin1') ?? '') !== offset)
        .map(({ offset }) => offset),
    );
    const kept = this.entries.filter(({ offset }) => offset >= stable || !superseded.has(offset));
    this.entries.splice(0, this.entries.length, ...kept);
  }

  /** Resolves when something may have become readable. */
  changed(wake: () => void): () => void {
    this.waiters.add(wake);
    return () => void this.waiters.delete(wake);
  }

  private isCommitted({ producerId, offset }: LogEntry): boolean {
    if (producerId === undefined) return true;
    const openFrom = this.open.get(producerId);
    if (openFrom !== undefined && offset >= openFrom) return this.decided.has(producerId);
    return !this.aborted.some(
      (aborted) =>
        aborted.producerId === producerId && aborted.firstOffset <= offset && offset <= aborted.lastOffset,
    );
  }

  private wake(): void {
    for (const waiter of new Set(this.waiters)) waiter();
  }

  private indexOf(offset: number): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.entries[middle]?.offset ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function toMessage(entry: LogEntry): FetchedMessage {
  const { offset, timestamp, key, value, headers, producerId, marker } = entry;
  const message = {
    offset: String(offset),
    timestamp: String(timestamp),
    key,
    value,
    headers: Object.fromEntries(headers),
    isControlRecord: marker !== undefined,
    // Each record is a batch of its own.
    batchContext: {
      firstOffset: String(offset),
      lastOffsetDelta: 0,
      producerId: producerId ?? '-1',
      inTransaction: producerId !== undefined,
    },
  };
  return message;
}
