import type { Clock } from '#libs/core';
import type { RawOutput } from '../log/raw-record.js';
import type { DiskStateStore } from './disk-state-store.js';
import type { StateDatabase } from './state-database.js';

/** What the writer needs of its task's state. */
export interface StateFilePorts {
  readonly database: StateDatabase;
  readonly clock: Clock;
  /** The store of a changelog; undefined when it is not in the file. */
  storeOf(changelog: string): DiskStateStore | undefined;
  /** A value goes into the file: its schema must be learnt before it can be read again. */
  rememberSchemaOf(value: Buffer): void;
}

/** What became of an entry. */
export interface Change {
  /** undefined: deleted. */
  readonly value: Buffer | undefined;
  /** When it was committed, epoch milliseconds. */
  readonly at: number;
}

/** With so many changed entries it is written at once: more would hold up the event loop for tens of milliseconds. */
const WRITE_FROM_ENTRIES = 1_000;
const WRITE_AFTER_MS = 500;

/**
 * Brings what is committed in the changelogs into the task's local file, some transactions at a time: a page of the file costs
 * the same whether one entry of it changed or many, and an entry that changes again meanwhile is written once. Until then the stores
 * show it from memory. A process that is killed before reads it back from the changelogs: entries and the checkpoint
 * that covers them are one transaction of the file.
 */
export class StateFileWriter {
  private readonly changes = new Map<string, Map<string, Change>>();
  private readonly ends = new Map<string, number>();
  private entries = 0;
  private cancelTimer: (() => void) | undefined;
  private failure: { readonly error: unknown } | undefined;

  constructor(private readonly ports: StateFilePorts) {}

  /**
   * Takes the records of a transaction that is surely committed.
   * @param ends the next offset of each changelog that it wrote to
   * @throws what writing to the file threw, now or the last time
   */
  add(records: readonly RawOutput[], ends: ReadonlyMap<string, number>): void {
    if (this.failure) throw this.failure.error;
    const at = this.ports.clock.now();
    for (const { topic, key, value } of records) {
      if (!key || !this.ports.storeOf(topic)) continue;
      const ofTopic = this.changes.get(topic) ?? new Map<string, Change>();
      this.changes.set(topic, ofTopic);
      const before = ofTopic.size;
      ofTopic.set(key.toString(), { value: value ?? undefined, at });
      this.entries += ofTopic.size - before;
      const end = ends.get(topic);
      if (end !== undefined) this.ends.set(topic, end);
    }
    if (this.entries >= WRITE_FROM_ENTRIES) this.flush();
    else if (this.entries > 0)
      this.cancelTimer ??= this.ports.clock.after(WRITE_AFTER_MS, () => this.flushLate());
  }

  /** Writes out what waits. @throws what the file throws; it still waits then. */
  flush(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    if (this.entries === 0) return;
    const { database, clock } = this.ports;
    database.write(() => {
      for (const [topic, changes] of this.changes) this.writeStore(topic, changes);
      const at = clock.now();
      for (const [topic, nextOffset] of this.ends) database.setCheckpoint(topic, { nextOffset, at });
    });
    for (const [topic, changes] of this.changes) {
      const store = this.ports.storeOf(topic);
      for (const [key, { value }] of changes) store?.kept(key, value);
    }
    this.changes.clear();
    this.ends.clear();
    this.entries = 0;
  }

  /** Writes nothing more by itself. */
  stop(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }

  private writeStore(topic: string, changes: ReadonlyMap<string, Change>): void {
    const store = this.ports.storeOf(topic);
    if (!store) return;
    for (const [key, { value, at }] of changes) {
      store.write(key, value, at);
      if (value) this.ports.rememberSchemaOf(value);
    }
  }

  /** Nobody waits for this one: the next transaction hears of a failure, and the task is opened again. */
  private flushLate(): void {
    try {
      this.flush();
    } catch (error) {
      this.failure = { error };
    }
  }
}
