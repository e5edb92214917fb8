import type { Topic } from '#libs/contracts';
import type { RawOutput, RawRecord } from '../../log/raw-record.js';
import { partitionOfKey } from '../../kafka/partitioner.js';
import type { Chance } from './chance.js';
import type { EventQueue } from './event-queue.js';
import { GroupCoordinator } from './group-coordinator.js';
import type { History } from './history.js';
import { protocolError } from './protocol-error.js';
import { SimulatedPartition } from './simulated-partition.js';
import { type CommittedOffset, TransactionCoordinator } from './transaction-coordinator.js';

/** What a simulated broker is part of. */
export interface KafkaSurroundings {
  readonly queue: EventQueue;
  readonly chance: Chance;
  readonly history: History;
}

/** A broker of the simulated world: logs, transactions, committed positions and groups. It never dies; its network does. */
export class SimulatedKafka {
  readonly transactions: TransactionCoordinator;
  private readonly logs = new Map<string, SimulatedPartition>();
  private readonly offsets = new Map<string, CommittedOffset>();
  private readonly groups = new Map<string, GroupCoordinator>();

  constructor(
    /** Partitions of every topic. */
    readonly partitions: number,
    readonly surroundings: KafkaSurroundings,
  ) {
    const { queue, chance, history } = surroundings;
    this.transactions = new TransactionCoordinator({
      queue,
      chance,
      partition: (topic, partition) => this.log(topic, partition),
      commitOffset: (groupId, topic, partition, offset) =>
        void this.offsets.set(`${groupId}/${topic}/${partition}`, offset),
      ended: (id, epoch, how, why) =>
        history.note('broker', () => `transaction of ${id} (epoch ${epoch}): ${how}, ${why}`),
    });
  }

  log(topic: string, partition: number): SimulatedPartition {
    if (partition < 0 || partition >= this.partitions) throw protocolError('UNKNOWN_TOPIC_OR_PARTITION');
    const name = `${topic}/${partition}`;
    let log = this.logs.get(name);
    if (!log) {
      log = new SimulatedPartition();
      this.logs.set(name, log);
    }
    return log;
  }

  group(groupId: string): GroupCoordinator {
    let group = this.groups.get(groupId);
    if (!group) {
      const { queue, history } = this.surroundings;
      group = new GroupCoordinator(groupId, queue, (what) => history.note('broker', what));
      this.groups.set(groupId, group);
    }
    return group;
  }

  committedOffset(groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.offsets.get(`${groupId}/${topic}/${partition}`);
  }

  /** Writes a record from outside of the services under simulation. */
  write(output: RawOutput): void {
    const partition = output.partition ?? partitionOfKey(output.key ?? Buffer.alloc(0), this.partitions);
    this.log(output.topic, partition).append(output, this.surroundings.queue.now);
  }

  /** Committed records of a topic, partition by partition. */
  committed(topic: Pick<Topic<unknown>, 'name'>): RawRecord[] {
    return Array.from({ length: this.partitions }, (_, partition) =>
      this.log(topic.name, partition)
        .committed()
        .map(({ offset, timestamp, key, value, headers }) => ({
          topic: topic.name,
          partition,
          offset,
          timestamp,
          key,
          value,
          headers,
        })),
    ).flat();
  }

  /** Compacts every changelog of a service. */
  compact(service: string): void {
    for (const [name, log] of this.logs) if (name.startsWith(`${service}.`)) log.compact();
  }

  /** Whether a group has read every input to its end and committed that. */
  isDrained(groupId: string, topics: readonly string[]): boolean {
    if (this.transactions.busy) return false;
    return topics.every((topic) =>
      Array.from({ length: this.partitions }, (_, partition) => partition).every((partition) => {
        const log = this.log(topic, partition);
        const last = log.committed().at(-1);
        const position = this.committedOffset(groupId, topic, partition);
        return last === undefined || Number(position?.offset ?? 0) > last.offset;
      }),
    );
  }
}
