import { headerNames, runtimeStores, type StoreDefinition, type Topic } from '#libs/contracts';
import { LedgerwireError } from '#libs/core';
import type { StoreView, TaskContext, TimerRequest } from '../api/context.js';
import type { RawHeader, RawOutput } from '../log/raw-record.js';
import type { Contribution } from './committer.js';
import type { TaskRuntime } from './task-runtime.js';
import { timerKeyOf } from './timer-key.js';

/** Input headers that travel on with what is derived from the input. */
const CARRIED = [headerNames.traceparent, headerNames.origin, headerNames.workspace, headerNames.replayId];

/**
 * The writes of one handler call, kept apart until the handler returns or commits: another handler never sees half of them,
 * and a handler that throws leaves nothing behind.
 */
export class UnitOfWork implements TaskContext {
  readonly service: string;
  readonly partition: number;
  readonly signal: AbortSignal;
  private readonly overlays = new Map<string, Map<string, Buffer | undefined>>();
  private outputs: RawOutput[] = [];

  constructor(
    private readonly runtime: TaskRuntime,
    private readonly inputHeaders: Readonly<Record<string, string>>,
  ) {
    this.service = runtime.service;
    this.partition = runtime.partition;
    this.signal = runtime.signal;
  }

  now(): number {
    return this.runtime.clock.now();
  }

  owns(key: string): boolean {
    return this.runtime.partitionOf(key) === this.partition;
  }

  store<T>(definition: StoreDefinition<T>): StoreView<T> {
    const store = this.runtime.storeOf(definition.name);
    const topic = store.topic as Topic<T>;
    const overlay = this.overlayOf(definition.name);
    const { codec } = this.runtime;
    return {
      get: (key) => {
        const bytes = overlay.has(key) ? overlay.get(key) : store.get(key);
        return bytes === undefined ? undefined : codec.decode(topic.schema, bytes);
      },
      put: (key, value) => void overlay.set(key, codec.encode(topic, value)),
      delete: (key) => void overlay.set(key, undefined),
      *range(prefix) {
        for (const [key, bytes] of store.range(prefix))
          yield [key, codec.decode(topic.schema, bytes)] as const;
      },
    };
  }

  emit<T>(topic: Topic<T>, key: string, value: T, headers: Readonly<Record<string, string>> = {}): void {
    const target = this.runtime.outputOf(topic);
    this.outputs.push({
      topic: target.name,
      key: Buffer.from(key),
      value: this.runtime.codec.encode(target, value),
      headers: this.headersFor(headers),
    });
  }

  setTimer(timer: TimerRequest): void {
    this.store(runtimeStores.timers).put(timerKeyOf(timer.name, timer.key), {
      name: timer.name,
      key: timer.key,
      fireAt: timer.fireAt,
      lane: timer.lane,
      payload: JSON.stringify(timer.payload ?? null),
    });
  }

  cancelTimer(name: string, key: string): void {
    this.store(runtimeStores.timers).delete(timerKeyOf(name, key));
  }

  publish(): void {
    const records = this.takeRecords();
    if (records.length > 0) this.runtime.committer.addFirstPart({ records, finished: [] });
  }

  async commit(): Promise<void> {
    this.flush([]);
    await this.runtime.committer.flush();
    if (this.signal.aborted) {
      throw new LedgerwireError('the task has been given up', { code: 'task-stopped', disposition: 'retry' });
    }
  }

  /** Whether this unit has written the entry and not yet flushed it. */
  hasWritten(store: string, key: string): boolean {
    return this.overlays.get(store)?.has(key) ?? false;
  }

  /** Makes the writes visible to the task and hands them to the next transaction, together with finished input. */
  flush(finished: Contribution['finished']): void {
    const records = this.takeRecords();
    if (records.length > 0 || finished.length > 0) this.runtime.committer.add({ records, finished });
  }

  /** What was written since the last call, visible to the task from here on. */
  private takeRecords(): RawOutput[] {
    const records = this.outputs;
    this.outputs = [];
    for (const [name, overlay] of this.overlays) {
      const store = this.runtime.storeOf(name);
      for (const [key, value] of overlay) {
        store.set(key, value, this.now());
        this.runtime.stateChanged(name, key, value);
        records.push(this.changelogRecord(store.topic.name, key, value));
      }
      overlay.clear();
    }
    return records;
  }

  private changelogRecord(topic: string, key: string, value: Buffer | undefined): RawOutput {
    return { topic, partition: this.partition, key: Buffer.from(key), value: value ?? null, headers: [] };
  }

  private overlayOf(name: string): Map<string, Buffer | undefined> {
    let overlay = this.overlays.get(name);
    if (!overlay) {
      overlay = new Map();
      this.overlays.set(name, overlay);
    }
    return overlay;
  }

  private headersFor(given: Readonly<Record<string, string>>): RawHeader[] {
    const headers: RawHeader[] = [];
    for (const name of CARRIED) {
      const value = given[name] ?? this.inputHeaders[name];
      if (value !== undefined) headers.push([name, Buffer.from(value)]);
    }
    for (const [name, value] of Object.entries(given)) {
      if (!(CARRIED as readonly string[]).includes(name)) headers.push([name, Buffer.from(value)]);
    }
    return headers;
  }
}
