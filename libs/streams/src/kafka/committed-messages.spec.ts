import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { committedIn } from './committed-messages.js';
import type { AbortedTransaction, FetchedMessage, FetchedPartition } from './kafkajs-internals.js';

type Kind = 'plain' | 'in transaction' | 'commit' | 'abort';

/** What a producer does next in a partition. */
interface Step {
  readonly producer: string;
  readonly kind: Kind;
}

const NO_TRANSACTIONS: AbortedTransaction[] = [];

function message(offset: number, { producer, kind }: Step): FetchedMessage {
  const isControlRecord = kind === 'commit' || kind === 'abort';
  return {
    offset: String(offset),
    timestamp: '0',
    key: isControlRecord ? Buffer.from([0, 0, 0, kind === 'commit' ? 1 : 0]) : Buffer.from(`key ${offset}`),
    value: Buffer.from('value'),
    isControlRecord,
    batchContext: {
      firstOffset: String(offset),
      lastOffsetDelta: 0,
      producerId: producer,
      inTransaction: kind !== 'plain',
    },
  };
}

function fetched(
  steps: readonly Step[],
  abortedTransactions: readonly AbortedTransaction[],
): FetchedPartition {
  return {
    partition: 0,
    highWatermark: String(steps.length),
    abortedTransactions,
    messages: steps.map((step, offset) => message(offset, step)),
  };
}

const offsetsIn = (data: FetchedPartition, from = 0): number[] =>
  committedIn(data, from).map(({ offset }) => Number(offset));

const a = (kind: Kind): Step => ({ producer: '1', kind });
const b = (kind: Kind): Step => ({ producer: '2', kind });

describe('what is committed of a fetched partition', () => {
  test('is not what two overlapping transactions wrote that were both given up, the later one first', () => {
    const steps = [a('in transaction'), b('in transaction'), b('abort'), a('abort'), a('plain')];
    const aborted = [
      { producerId: '2', firstOffset: '1' },
      { producerId: '1', firstOffset: '0' },
    ];
    expect(offsetsIn(fetched(steps, aborted))).toEqual([4]);
  });

  test('is not what an aborted transaction wrote where the fetch begins behind the start of two', () => {
    const steps = [a('in transaction'), b('in transaction'), b('in transaction'), a('abort'), b('abort')];
    const aborted = [
      { producerId: '1', firstOffset: '0' },
      { producerId: '2', firstOffset: '1' },
    ];
    const data = fetched(steps, aborted);
    expect(offsetsIn({ ...data, messages: data.messages.slice(2) }, 2)).toEqual([]);
  });

  test('is what the same producer writes after its abort', () => {
    const steps = [a('in transaction'), a('abort'), a('in transaction'), a('commit')];
    expect(offsetsIn(fetched(steps, [{ producerId: '1', firstOffset: '0' }]))).toEqual([2]);
  });

  test('is not before the offset that was asked for', () => {
    expect(offsetsIn(fetched([a('plain'), a('plain')], NO_TRANSACTIONS), 1)).toEqual([1]);
  });

  test('does not end with a record whose key looks like an abort marker', () => {
    const data = fetched([a('in transaction'), a('in transaction')], [{ producerId: '1', firstOffset: '0' }]);
    const [first, second] = data.messages;
    const odd = { ...first, key: Buffer.alloc(4) } as FetchedMessage;
    expect(offsetsIn({ ...data, messages: [odd, second as FetchedMessage] })).toEqual([]);
  });

  test('in records of the format before transactions is everything', () => {
    const [old] = fetched([a('plain')], NO_TRANSACTIONS).messages;
    const { batchContext: _none, ...before } = old as FetchedMessage;
    expect(offsetsIn({ partition: 0, highWatermark: '1', messages: [before] })).toEqual([0]);
  });

  test('is the same however the transactions of several producers lie, and wherever the fetches begin and end', () => {
    const step = fc.record({
      producer: fc.constantFrom('1', '2', '3', '4'),
      kind: fc.constantFrom<Kind>('plain', 'in transaction', 'in transaction', 'commit', 'abort'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(40), fc.nat(40), (wanted, one, other) => {
        const log = new ModelLog(wanted);
        const from = Math.min(one, other, log.stable);
        const to = Math.min(Math.max(one, other), log.stable);
        expect(offsetsIn(log.fetch(from, to), from)).toEqual(log.committed(from, to));
      }),
      { numRuns: 2_000 },
    );
  });
});

/** A partition as a broker keeps it: what was written, and which transactions were given up, in the order of their ends. */
class ModelLog {
  private readonly steps: Step[] = [];
  private readonly aborted: (AbortedTransaction & { readonly marker: number })[] = [];
  private readonly given = new Set<number>();
  private readonly open = new Map<string, number[]>();

  constructor(steps: readonly Step[]) {
    for (const step of steps) this.write(step);
  }

  /** Up to here every transaction has ended; nobody is shown more. */
  get stable(): number {
    return Math.min(this.steps.length, ...[...this.open.values()].map(([first = 0]) => first));
  }

  fetch(from: number, to: number): FetchedPartition {
    const reaching = this.aborted.filter(
      ({ firstOffset, marker }) => marker >= from && Number(firstOffset) < to,
    );
    const data = fetched(this.steps, reaching);
    return { ...data, messages: data.messages.slice(from, to) };
  }

  committed(from: number, to: number): number[] {
    return this.steps.flatMap(({ kind }, offset) => {
      const isData = kind === 'plain' || kind === 'in transaction';
      return isData && offset >= from && offset < to && !this.given.has(offset) ? [offset] : [];
    });
  }

  private write({ producer, kind }: Step): void {
    const own = this.open.get(producer);
    const offset = this.steps.length;
    if (kind === 'in transaction') this.open.set(producer, [...(own ?? []), offset]);
    else if (kind !== 'plain') {
      // There is nothing to end.
      if (!own) return;
      this.open.delete(producer);
      if (kind === 'abort') this.giveUp(producer, own, offset);
    } else if (own) return;
    this.steps.push({ producer, kind });
  }

  private giveUp(producerId: string, own: readonly number[], marker: number): void {
    for (const offset of own) this.given.add(offset);
    this.aborted.push({ producerId, firstOffset: String(own[0]), marker });
  }
}
