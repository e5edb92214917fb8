import { type StoreDefinition, stateTopic, type Topic } from '#libs/contracts';
import { type Clock, LedgerwireError } from '#libs/core';
import { WIRE_HEADER_BYTES } from '../codec/wire-format.js';
import type { RawOutput } from '../log/raw-record.js';
import type { TaskLog } from '../log/task-log.js';
import { DiskStateStore } from './disk-state-store.js';
import { MemoryStateStore } from './memory-state-store.js';
import { isDamaged, type StateDatabase } from './state-database.js';
import { type Change, StateFileWriter } from './state-file-writer.js';
import type { StateStore } from './state-store.js';

/** What a task's state is restored from and kept in. */
export interface TaskStatePorts {
  readonly service: string;
  readonly log: TaskLog;
  readonly clock: Clock;
  /** The local file; without one everything is in memory. */
  readonly database: StateDatabase | undefined;
  /** Learns the schema of a value that this build has not written itself; waits for the registry. */
  learn(value: Buffer): Promise<void>;
  /** Whether a value can be read without asking the registry. */
  knows(value: Buffer): boolean;
  restored(store: string, entries: number, durationMs: number): void;
}

/**
 * A checkpoint older than this is not built upon when others have written since: tombstones may be gone from the changelog
 * after `delete.retention.ms` (a day by default), and a key that they deleted would come back to life.
 */
const CHECKPOINT_GOOD_FOR_MS = 12 * 3_600_000;

/** So many entries of a changelog go into the file together: more need more memory, fewer touch its pages more often. */
const RESTORE_TOGETHER = 16_000;

/** All stores of one task: restored from their changelogs, written to them, kept in memory or in the task's local file. */
export class TaskState {
  private readonly stores = new Map<string, StateStore>();
  private readonly byTopic = new Map<string, StateStore>();
  private readonly rememberedHeaders = new Set<number>();
  private readonly fileWriter: StateFileWriter | undefined;

  constructor(private readonly ports: TaskStatePorts) {
    const { database, clock } = ports;
    if (!database) return;
    this.fileWriter = new StateFileWriter({
      database,
      clock,
      storeOf: (changelog) => {
        const store = this.byTopic.get(changelog);
        return store instanceof DiskStateStore ? store : undefined;
      },
      rememberSchemaOf: (value) => this.rememberHeader(database, value),
    });
  }

  /** Restores each store to the end that its changelog has now. @throws when the log or the local file cannot be read. */
  async restore(definitions: readonly StoreDefinition<unknown>[]): Promise<void> {
    const { database } = this.ports;
    try {
      database?.adopt(this.ports.log.logId);
      for (const header of database?.schemaHeaders() ?? []) await this.ports.learn(header);
      for (const definition of definitions) await this.restoreStore(definition);
    } catch (error) {
      // The task is opened again, and then begins from the changelogs alone.
      if (isDamaged(error)) database?.discard();
      throw error;
    }
  }

  /** @throws LedgerwireError `store-not-declared` (halt). */
  storeOf(name: string): StateStore {
    const store = this.stores.get(name);
    if (store) return store;
    throw new LedgerwireError(`store ${name} is not among the stores of ${this.ports.service}`, {
      code: 'store-not-declared',
      disposition: 'halt',
    });
  }

  /**
   * Of several changes of one entry in one transaction only the last: nobody ever sees the others, since a transaction is visible
   * as a whole, and compaction would drop them. All other records, and the order of all, stay.
   */
  withoutOvertaken(records: readonly RawOutput[]): readonly RawOutput[] {
    const lastOf = new Map<string, Map<string, RawOutput>>();
    for (const record of records) {
      if (!record.key || !this.byTopic.has(record.topic)) continue;
      const ofTopic = lastOf.get(record.topic) ?? new Map<string, RawOutput>();
      lastOf.set(record.topic, ofTopic);
      ofTopic.set(record.key.toString(), record);
    }
    return records.filter((record) => {
      const ofTopic = record.key && lastOf.get(record.topic);
      return !ofTopic || ofTopic.get(record.key.toString()) === record;
    });
  }

  /**
   * Keeps what has been committed; in the file a moment later, so that many transactions become one there.
   * @param ends the next offset of each changelog that the transaction wrote to
   */
  committed(records: readonly RawOutput[], ends: ReadonlyMap<string, number>): void {
    this.fileWriter?.add(records, ends);
  }

  /** Writes out what waits for the file. Nothing depends on that, since the changelogs have it: a failure is of no interest. */
  close(): void {
    this.fileWriter?.stop();
    try {
      this.fileWriter?.flush();
    } catch {
      // What is in the file is older then, and whole.
    } finally {
      this.ports.database?.close();
    }
  }

  private async restoreStore(definition: StoreDefinition<unknown>): Promise<void> {
    const startedAt = this.ports.clock.now();
    const topic = changelogOf(this.ports.service, definition);
    const { database } = this.ports;
    const store =
      database && definition.large
        ? await this.restoreOnDisk(database, topic, definition.name)
        : await this.restoreInMemory(topic);
    this.stores.set(definition.name, store);
    this.byTopic.set(topic.name, store);
    this.ports.restored(definition.name, store.size, this.ports.clock.now() - startedAt);
  }

  private async restoreInMemory(topic: Topic<unknown>): Promise<StateStore> {
    const store = new MemoryStateStore(topic);
    const { start } = await this.ports.log.bounds(topic.name);
    const unknown = new Map<number, Buffer>();
    await this.ports.log.restore(topic.name, start, (records) => {
      for (const { key, value, timestamp } of records) {
        if (!key) continue;
        store.set(key.toString(), value ?? undefined, timestamp);
        this.noteUnknown(unknown, value);
      }
    });
    for (const value of unknown.values()) await this.ports.learn(value);
    return store;
  }

  private async restoreOnDisk(
    database: StateDatabase,
    topic: Topic<unknown>,
    name: string,
  ): Promise<StateStore> {
    const store = new DiskStateStore(topic, database, name);
    const from = await this.startOf(database, topic.name, name);
    const unknown = new Map<number, Buffer>();
    const gathered = new Map<string, Change>();
    const keep = (): void => {
      database.write(() => this.keepRestored(database, store, gathered));
      gathered.clear();
    };
    database.restoring(true);
    const nextOffset = await this.ports.log.restore(topic.name, from, (records) => {
      for (const { key, value, timestamp } of records) {
        if (key) gathered.set(key.toString(), { value: value ?? undefined, at: timestamp });
        this.noteUnknown(unknown, value);
      }
      if (gathered.size >= RESTORE_TOGETHER) keep();
    });
    keep();
    database.restoring(false);
    database.setCheckpoint(topic.name, { nextOffset, at: this.ports.clock.now() });
    for (const value of unknown.values()) await this.ports.learn(value);
    return store;
  }

  /** Where to read the changelog from: behind the checkpoint, or from the start when the file cannot be built upon. */
  private async startOf(database: StateDatabase, topic: string, table: string): Promise<number> {
    const { start, end } = await this.ports.log.bounds(topic);
    const checkpoint = database.checkpointOf(topic);
    if (checkpoint && checkpoint.nextOffset >= start && checkpoint.nextOffset <= end) {
      // One offset more than the checkpoint is the marker of the transaction that wrote it.
      const nothingSince = end - checkpoint.nextOffset <= 1;
      if (nothingSince || this.ports.clock.now() - checkpoint.at < CHECKPOINT_GOOD_FOR_MS) {
        return checkpoint.nextOffset;
      }
    }
    database.clear(table, topic);
    return start;
  }

  /** In the order of the keys, in which the file has them: a page is written once for all that belong on it. */
  private keepRestored(
    database: StateDatabase,
    store: DiskStateStore,
    changes: ReadonlyMap<string, Change>,
  ): void {
    for (const key of [...changes.keys()].sort()) {
      const { value, at = 0 } = changes.get(key) ?? {};
      store.write(key, value, at);
      if (value) this.rememberHeader(database, value);
    }
  }

  private rememberHeader(database: StateDatabase, value: Buffer): void {
    if (value.length < WIRE_HEADER_BYTES) return;
    const id = value.readInt32BE(1);
    if (this.rememberedHeaders.has(id)) return;
    this.rememberedHeaders.add(id);
    database.rememberSchemaHeader(value.subarray(0, WIRE_HEADER_BYTES));
  }

  /** An older build wrote some entries: their schemas are learnt now, since reads cannot wait. */
  private noteUnknown(unknown: Map<number, Buffer>, value: Buffer | null): void {
    if (value && !this.ports.knows(value)) {
      unknown.set(value.length < WIRE_HEADER_BYTES ? -1 : value.readInt32BE(1), value);
    }
  }
}

/** The changelog topic of a store. */
export function changelogOf<T>(service: string, store: StoreDefinition<T>): Topic<T> {
  return stateTopic(service, store.name, store.schema);
}
