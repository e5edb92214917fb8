import type { Clock } from '#libs/core';
import { partitionOfKey } from '../kafka/partitioner.js';
import type { RawOutput, RawRecord } from '../log/raw-record.js';
import type { InputPosition, TaskLog, TaskLogFactory, TaskTransaction } from '../log/task-log.js';

let created = 0;

/**
 * A Kafka log in memory with the semantics that the runtime relies on: partitions, transactions that appear whole or not at
 * all, committed positions with metadata, and fencing of a former owner of a task.
 */
export class MemoryBroker {
  private readonly logId = `memory-${(created += 1)}`;
  private readonly partitionLogs = new Map<string, RawRecord[]>();
  private readonly positions = new Map<string, InputPosition>();
  private readonly epochs = new Map<string, number>();

  constructor(
    readonly partitions: number,
    private readonly clock: Clock,
  ) {}

  /** The records of one partition, oldest first. */
  read(topic: string, partition: number, fromOffset = 0): readonly RawRecord[] {
    return this.logOf(topic, partition).slice(fromOffset);
  }

  /** The records of a topic, partition by partition. */
  readAll(topic: string): RawRecord[] {
    return Array.from({ length: this.partitions }, (_, partition) => this.logOf(topic, partition)).flat();
  }

  append(output: RawOutput): RawRecord {
    const partition = output.partition ?? partitionOfKey(output.key ?? Buffer.alloc(0), this.partitions);
    const log = this.logOf(output.topic, partition);
    const record: RawRecord = { ...output, partition, offset: log.length, timestamp: this.clock.now() };
    log.push(record);
    return record;
  }

  /** Task logs of one service. */
  taskLogs(service: string): TaskLogFactory {
    return {
      partitionOf: (key) => partitionOfKey(key, this.partitions),
      open: (partition) => Promise.resolve(this.openLog(service, partition)),
    };
  }

  private openLog(service: string, partition: number): TaskLog {
    const owner = `${service}.${partition}`;
    const epoch = (this.epochs.get(owner) ?? 0) + 1;
    this.epochs.set(owner, epoch);
    const isOwner = (): boolean => this.epochs.get(owner) === epoch;
    let open = true;
    return {
      logId: this.logId,
      positions: (topics) =>
        Promise.resolve(
          topics.flatMap((topic) => this.positions.get(`${service}/${topic}/${partition}`) ?? []),
        ),
      bounds: (topic) => Promise.resolve({ start: 0, end: this.logOf(topic, partition).length }),
      restore: (topic, fromOffset, onRecords) => {
        const records = this.logOf(topic, partition).slice(fromOffset);
        onRecords(records);
        return Promise.resolve(fromOffset + records.length);
      },
      commit: (transaction) => {
        if (!open || !isOwner()) return Promise.reject(new Error('fenced: a later owner has the task'));
        this.apply(service, partition, transaction);
        const own = transaction.records.map(
          ({ topic }) => [topic, this.logOf(topic, partition).length] as const,
        );
        return Promise.resolve(new Map(own));
      },
      close: () => {
        open = false;
        return Promise.resolve();
      },
    };
  }

  private apply(service: string, partition: number, transaction: TaskTransaction): void {
    for (const record of transaction.records) this.append(record);
    for (const position of transaction.positions) {
      this.positions.set(`${service}/${position.topic}/${partition}`, position);
    }
  }

  private logOf(topic: string, partition: number): RawRecord[] {
    const id = `${topic}/${partition}`;
    let log = this.partitionLogs.get(id);
    if (!log) {
      log = [];
      this.partitionLogs.set(id, log);
    }
    return log;
  }
}
