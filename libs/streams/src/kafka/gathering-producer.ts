import { type Clock, LedgerwireError, sleep } from '#libs/core';
import type { LogProducer, OutgoingRecord, RawLogProducer, SendTiming } from '../api/log-producer.js';
import type { Codec } from '../codec/codec.js';
import type { RawHeader, RawOutput } from '../log/raw-record.js';
import type { KafkaConnector } from './kafka-client.js';
import { type Cluster, dropDeadConnections } from './kafkajs-internals.js';
import type { PartitionRecords } from './produce-request.js';
import { RecordWriter } from './record-writer.js';
import { logUnavailable, type SendEntry, SendQueue, type SendQueueLimits } from './send-queue.js';

/** Bounds of a {@link GatheringProducer}. */
export interface GatheringProducerOptions extends SendQueueLimits {
  /** Topics that will be written to. */
  readonly topics: readonly string[];
  /** A record that is not acknowledged within this time is refused to its sender. */
  readonly deadlineMs: number;
  /** So many requests may be under way at once; more than one only where concurrent records need no order among themselves. */
  readonly requestsUnderWay: number;
}

const DEFAULTS: Omit<GatheringProducerOptions, 'topics'> = {
  deadlineMs: 4_000,
  maxWaitingRecords: 20_000,
  maxRequestBytes: 900_000,
  requestsUnderWay: 1,
};
const RETRY_MS = 50;
/** Between two looks whether the broker is back, while nothing waits to be written. */
const PROBE_EVERY_MS = 500;
/** A further request is worth its price only when it is long. */
const FURTHER_REQUEST_FROM_RECORDS = 64;

/** One request at a time under a producer id of its own, so that sequences of one never depend on the fate of another. */
interface Slot {
  writer: RecordWriter | undefined;
  pumping: Promise<void> | undefined;
}

/**
 * An idempotent producer with one request under way: what comes meanwhile goes into the next one. A request that fails is written
 * again with the same sequence numbers, so that the broker keeps it once, until the deadline of its last sender.
 *
 * Order: a record that is sent after another was acknowledged lies behind it. Records that wait at the same time lie in the order in
 * which they were sent, unless `requestsUnderWay` allows more than one: then the later one may come to lie before the earlier.
 */
export class GatheringProducer implements LogProducer, RawLogProducer {
  private readonly options: GatheringProducerOptions;
  private readonly queue: SendQueue;
  private readonly knownTopics = new Set<string>();
  private readonly slots: readonly Slot[];
  private cluster: Cluster | undefined;
  private closed = false;
  private cancelWake: (() => void) | undefined;
  private failingSinceMs: number | undefined;

  constructor(
    private readonly client: Pick<KafkaConnector, 'createCluster'>,
    private readonly codec: Codec,
    private readonly clock: Clock,
    options: Partial<GatheringProducerOptions> & Pick<GatheringProducerOptions, 'topics'>,
  ) {
    this.options = { ...DEFAULTS, ...options };
    this.queue = new SendQueue(clock, this.options);
    this.slots = Array.from({ length: this.options.requestsUnderWay }, () => ({
      writer: undefined,
      pumping: undefined,
    }));
  }

  /**
   * Since when requests fail (epoch milliseconds); undefined while they succeed. It ends by itself once a broker gives out producer
   * ids again: a service that is sent nothing while it is not ready would otherwise never be ready again.
   */
  get failingSince(): number | undefined {
    return this.failingSinceMs;
  }

  /** Connects ahead of the first record. @throws when no broker answers. */
  async connect(): Promise<void> {
    for (const slot of this.slots) await this.open(slot);
  }

  send<T>(record: OutgoingRecord<T>): Promise<void> {
    return this.sendAll([record]);
  }

  sendAll(records: readonly OutgoingRecord<unknown>[], timing?: SendTiming): Promise<void> {
    return this.sendRaw(this.toOutputs(records), timing);
  }

  sendRaw(outputs: readonly RawOutput[], timing: SendTiming = {}): Promise<void> {
    if (outputs.length === 0) return Promise.resolve();
    if (this.closed) return Promise.reject(logUnavailable('the producer is closed'));
    const withinMs = Math.min(timing.withinMs ?? Infinity, this.options.deadlineMs);
    const sent = this.queue.add(outputs, withinMs, Math.min(timing.patienceMs ?? 0, withinMs / 2));
    this.pump();
    return sent;
  }

  /** Writes out what waits, then closes the connections. */
  async close(): Promise<void> {
    this.closed = true;
    this.pump();
    this.cancelWake?.();
    await Promise.all(this.slots.flatMap(({ pumping }) => pumping ?? []));
    await this.cluster?.disconnect();
  }

  /** Sets a free slot to work, when there is enough for it. */
  private pump(): void {
    const free = this.slots.find((slot) => !isPumping(slot));
    if (free && this.hasWorkFor(free)) free.pumping = this.pumpSlot(free);
    else this.pumpWhenDue();
  }

  /** For records whose senders have patience. A slot at work looks by itself when it is done. */
  private pumpWhenDue(): void {
    const { dueAt } = this.queue;
    if (dueAt === undefined || this.closed || this.slots.some(isPumping)) return;
    this.cancelWake ??= this.clock.after(dueAt - this.clock.now(), () => {
      this.cancelWake = undefined;
      this.pump();
    });
  }

  private hasWorkFor(slot: Slot): boolean {
    if (this.queue.records === 0) return false;
    if (!this.othersRest(slot)) return this.queue.records >= FURTHER_REQUEST_FROM_RECORDS;
    return this.closed || this.queue.isDue();
  }

  private othersRest(slot: Slot): boolean {
    return this.slots.every((other) => other === slot || !isPumping(other));
  }

  private async pumpSlot(slot: Slot): Promise<void> {
    // One turn of the event loop: requests that arrived together go out together.
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    for (;;) {
      if (this.hasWorkFor(slot)) await this.writeBatch(slot);
      else if (this.failingSinceMs !== undefined && this.othersRest(slot) && !this.closed)
        await this.probe(slot);
      else break;
    }
    slot.pumping = undefined;
    this.pumpWhenDue();
  }

  private async writeBatch(slot: Slot): Promise<void> {
    const batch = this.queue.take();
    const stopWatch = this.watchDeadlines(batch);
    try {
      await this.writeUntilExpired(slot, batch);
      // After the next request is on its way, so that the broker works while the senders go on.
      setImmediate(() => {
        for (const entry of batch) entry.settle(undefined);
      });
    } catch (error) {
      for (const entry of batch) entry.settle(asUnavailable(error));
      // Whether the broker has them is not known: a new producer id, so that no later sequence depends on it.
      slot.writer = undefined;
    } finally {
      stopWatch();
    }
  }

  /** Asks for a producer id; what is sent meanwhile is written when the answer is there. */
  private async probe(slot: Slot): Promise<void> {
    const stopWatch = this.watchDeadlines([]);
    try {
      await this.open(slot);
      this.failingSinceMs = undefined;
    } catch (error) {
      if (this.cluster) await dropDeadConnections(this.cluster, error);
      await this.recover(slot, error, PROBE_EVERY_MS);
    } finally {
      stopWatch();
    }
  }

  private async writeUntilExpired(slot: Slot, batch: readonly SendEntry[]): Promise<void> {
    const outputs = batch.flatMap((entry) => entry.outputs);
    let prepared: { readonly writer: RecordWriter; readonly records: PartitionRecords[] } | undefined;
    for (;;) {
      try {
        const writer = await this.open(slot);
        await this.knowTopics(outputs);
        if (prepared?.writer !== writer) prepared = { writer, records: writer.prepare(outputs) };
        await writer.write(prepared.records);
        this.failingSinceMs = undefined;
        return;
      } catch (error) {
        this.failingSinceMs ??= this.clock.now();
        if (this.cluster) await dropDeadConnections(this.cluster, error);
        if (error instanceof LedgerwireError || batch.every(({ settled }) => settled)) throw error;
        await this.recover(slot, error);
      }
    }
  }

  /** Topics that were not named at the start, e.g. those that a replay writes to. */
  private async knowTopics(outputs: readonly RawOutput[]): Promise<void> {
    const unknown = outputs.map(({ topic }) => topic).filter((topic) => !this.knownTopics.has(topic));
    if (unknown.length === 0) return;
    await this.cluster?.addMultipleTargetTopics([...new Set(unknown)]);
    for (const topic of unknown) this.knownTopics.add(topic);
  }

  private async recover(slot: Slot, error: unknown, pauseMs = RETRY_MS): Promise<void> {
    const { host, port, type } = error as { host?: string; port?: number; type?: string };
    if (host !== undefined && port !== undefined) this.cluster?.removeBroker({ host, port });
    if (
      type === 'OUT_OF_ORDER_SEQUENCE_NUMBER' ||
      type === 'UNKNOWN_PRODUCER_ID' ||
      type === 'INVALID_PRODUCER_EPOCH'
    ) {
      slot.writer = undefined;
    }
    await sleep(this.clock, pauseMs);
    await this.cluster?.refreshMetadata().catch(() => undefined);
  }

  private async open(slot: Slot): Promise<RecordWriter> {
    if (slot.writer && this.cluster?.isConnected()) return slot.writer;
    this.cluster ??= this.client.createCluster();
    await this.cluster.connect();
    await this.cluster.addMultipleTargetTopics(this.options.topics);
    for (const topic of this.options.topics) this.knownTopics.add(topic);
    if (slot.writer) return slot.writer;
    const broker = await this.cluster.findControllerBroker();
    const { producerId, producerEpoch } = await broker.initProducerId({
      transactionalId: undefined,
      transactionTimeout: 60_000,
    });
    const identity = { transactionalId: undefined, producerId, producerEpoch };
    slot.writer = new RecordWriter(this.cluster, identity, this.clock);
    return slot.writer;
  }

  private watchDeadlines(batch: readonly SendEntry[]): () => void {
    return this.queue.watchDeadlines(batch, () => {
      this.failingSinceMs ??= this.clock.now();
    });
  }

  /** Records of one event share their headers: encoded once while they follow each other. */
  private toOutputs(records: readonly OutgoingRecord<unknown>[]): RawOutput[] {
    let shared: OutgoingRecord<unknown>['headers'];
    let encoded: RawHeader[] = [];
    return records.map(({ topic, key, partition, value, headers }) => {
      if (headers !== shared) encoded = encodeHeaders(headers);
      shared = headers;
      const bytes = value === null ? null : this.codec.encode(topic, value);
      return {
        topic: topic.name,
        ...(partition === undefined ? {} : { partition }),
        key: Buffer.from(key),
        value: bytes,
        headers: encoded,
      };
    });
  }
}

function isPumping({ pumping }: Slot): boolean {
  return pumping !== undefined;
}

function encodeHeaders(headers: OutgoingRecord<unknown>['headers']): RawHeader[] {
  return Object.entries(headers ?? {}).map(([name, text]) => [name, Buffer.from(text)] as const);
}

function asUnavailable(error: unknown): Error {
  return error instanceof LedgerwireError ? error : logUnavailable('no broker took the records', error);
}
