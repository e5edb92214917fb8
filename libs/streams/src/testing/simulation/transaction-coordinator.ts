import type { ProducerIdentity } from '../../kafka/kafkajs-internals.js';
import type { Chance } from './chance.js';
import type { EventQueue } from './event-queue.js';
import { protocolError } from './protocol-error.js';
import type { AppendedRecord, SimulatedPartition } from './simulated-partition.js';

/** A committed position of a consumer group. */
export interface CommittedOffset {
  readonly offset: string;
  readonly metadata: string;
}

/** What the coordinator changes when a transaction ends. */
export interface TransactionPorts {
  readonly queue: EventQueue;
  readonly chance: Chance;
  partition(topic: string, partition: number): SimulatedPartition;
  commitOffset(groupId: string, topic: string, partition: number, offset: CommittedOffset): void;
  ended(transactionalId: string, epoch: number, how: 'commit' | 'abort', why: string): void;
}

interface PendingOffset extends CommittedOffset {
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
}

interface Producer {
  readonly transactionalId: string;
  readonly producerId: string;
  epoch: number;
  timeoutMs: number;
  /** `ending`: decided, and the markers are being written. */
  state: 'empty' | 'ongoing' | 'ending';
  lastResult: 'commit' | 'abort' | undefined;
  readonly partitions: Map<string, SimulatedPartition>;
  readonly groups: Set<string>;
  offsets: PendingOffset[];
  /** Per partition: the next sequence number, and the first offset of each batch by its first sequence number. */
  readonly sequences: Map<string, { next: number; readonly offsets: Map<number, number> }>;
  cancelTimeout: () => void;
}

/**
 * Kafka's transaction coordinator as a client that speaks EndTxn v1 meets it (KIP-98, KIP-890 part 1): an EndTxn ends whatever
 * transaction is open when it arrives, so a late one may tear a later transaction of the same epoch; only InitProducerId, which
 * raises the epoch, keeps it out. That the runtime is safe all the same is what the simulation shows.
 */
export class TransactionCoordinator {
  private readonly producers = new Map<string, Producer>();
  private created = 0;

  constructor(private readonly ports: TransactionPorts) {}

  initProducerId(transactionalId: string, timeoutMs: number): { producerId: string; producerEpoch: number } {
    const known = this.producers.get(transactionalId);
    if (!known) return this.create(transactionalId, timeoutMs);
    if (known.state === 'ongoing') {
      known.epoch += 1;
      this.end(known, 'abort', 'a new owner has come');
    }
    if (known.state === 'ending') throw protocolError('CONCURRENT_TRANSACTIONS');
    known.epoch += 1;
    known.timeoutMs = timeoutMs;
    known.lastResult = undefined;
    known.sequences.clear();
    return { producerId: known.producerId, producerEpoch: known.epoch };
  }

  addPartitions(
    identity: ProducerIdentity,
    partitions: readonly { topic: string; partition: number }[],
  ): void {
    const producer = this.begin(identity);
    for (const { topic, partition } of partitions) {
      producer.partitions.set(`${topic}/${partition}`, this.ports.partition(topic, partition));
    }
  }

  addOffsets(identity: ProducerIdentity, groupId: string): void {
    this.begin(identity).groups.add(groupId);
  }

  commitOffsets(
    identity: ProducerIdentity,
    groupId: string,
    offsets: readonly { topic: string; partition: number; offset: string; metadata: string }[],
  ): void {
    const producer = this.current(identity);
    if (producer.state !== 'ongoing' || !producer.groups.has(groupId))
      throw protocolError('INVALID_TXN_STATE');
    for (const offset of offsets) producer.offsets.push({ ...offset, groupId });
  }

  /**
   * Appends to the open transaction and returns the first offset; what was written before under the same sequence number is
   * not written again.
   */
  produce(
    identity: ProducerIdentity,
    topic: string,
    partition: number,
    batch: { readonly firstSequence: number; readonly records: readonly AppendedRecord[] },
  ): number {
    const producer = this.current(identity);
    const name = `${topic}/${partition}`;
    const log = producer.partitions.get(name);
    if (producer.state !== 'ongoing' || !log) throw protocolError('INVALID_TXN_STATE');
    const known = producer.sequences.get(name) ?? { next: 0, offsets: new Map<number, number>() };
    producer.sequences.set(name, known);
    const { firstSequence, records } = batch;
    if (firstSequence > known.next) throw protocolError('OUT_OF_ORDER_SEQUENCE_NUMBER');
    if (firstSequence < known.next) return known.offsets.get(firstSequence) ?? -1;
    known.next += records.length;
    known.offsets.set(firstSequence, log.highWatermark);
    const { queue } = this.ports;
    const offsets = records.map((record) => log.append(record, queue.now, producer.producerId));
    return offsets[0] ?? log.highWatermark;
  }

  endTransaction(identity: ProducerIdentity, commit: boolean): void {
    const producer = this.current(identity);
    const result = commit ? 'commit' : 'abort';
    if (producer.state === 'ending') throw protocolError('CONCURRENT_TRANSACTIONS');
    // Asked again after it was done: the coordinator says yes (KIP-98).
    if (producer.state === 'empty' && producer.lastResult === result) return;
    if (producer.state === 'empty') throw protocolError('INVALID_TXN_STATE');
    this.end(producer, result, 'asked for');
  }

  /** Whether some transaction is open or its markers are being written. */
  get busy(): boolean {
    return [...this.producers.values()].some(({ state }) => state !== 'empty');
  }

  private create(transactionalId: string, timeoutMs: number): { producerId: string; producerEpoch: number } {
    this.created += 1;
    const producer: Producer = {
      transactionalId,
      producerId: String(this.created),
      epoch: 0,
      timeoutMs,
      state: 'empty',
      lastResult: undefined,
      partitions: new Map(),
      groups: new Set(),
      offsets: [],
      sequences: new Map(),
      cancelTimeout: () => undefined,
    };
    this.producers.set(transactionalId, producer);
    return { producerId: producer.producerId, producerEpoch: 0 };
  }

  private current(identity: ProducerIdentity): Producer {
    const producer = this.producers.get(identity.transactionalId);
    if (producer?.producerId !== identity.producerId) throw protocolError('INVALID_PRODUCER_ID_MAPPING');
    if (producer.epoch !== identity.producerEpoch) throw protocolError('INVALID_PRODUCER_EPOCH');
    return producer;
  }

  private begin(identity: ProducerIdentity): Producer {
    const producer = this.current(identity);
    if (producer.state === 'ending') throw protocolError('CONCURRENT_TRANSACTIONS');
    if (producer.state === 'empty') {
      producer.state = 'ongoing';
      producer.cancelTimeout = this.ports.queue.schedule(producer.timeoutMs, () => {
        producer.epoch += 1;
        this.end(producer, 'abort', 'it was open for too long');
      });
    }
    return producer;
  }

  /** Decides; the markers follow partition by partition, and only then is the producer free again. */
  private end(producer: Producer, how: 'commit' | 'abort', why: string): void {
    const { queue, chance } = this.ports;
    producer.cancelTimeout();
    producer.state = 'ending';
    this.ports.ended(producer.transactionalId, producer.epoch, how, why);
    const partitions = [...producer.partitions.values()];
    if (how === 'commit') for (const partition of partitions) partition.decideCommit(producer.producerId);
    const offsets = how === 'commit' ? producer.offsets : [];
    producer.partitions.clear();
    producer.groups.clear();
    producer.offsets = [];
    let missing = partitions.length + 1;
    const written = (): void => {
      missing -= 1;
      if (missing > 0) return;
      producer.state = 'empty';
      producer.lastResult = how;
    };
    for (const partition of partitions) {
      queue.schedule(chance.between(0, 4), () => {
        partition.endTransaction(producer.producerId, how, queue.now);
        written();
      });
    }
    queue.schedule(chance.between(0, 4), () => {
      for (const { groupId, topic, partition, ...offset } of offsets)
        this.ports.commitOffset(groupId, topic, partition, offset);
      written();
    });
  }
}
