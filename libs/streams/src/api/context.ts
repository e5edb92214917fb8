import type { EpochMs, StoreDefinition, Topic } from '#libs/contracts';

/** One decoded record of an input topic. */
export interface InputRecord<T> {
  readonly value: T;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** The record's own time, UTC. */
  readonly timestamp: EpochMs;
  /** 1 on the first try, one more each time the record was parked and woken. */
  readonly attempt: number;
}

/** A timer to set. Setting the same name and key again moves it. */
export interface TimerRequest {
  /** Which `@OnTimer` handler is called. */
  readonly name: string;
  readonly key: string;
  readonly fireAt: EpochMs;
  /** The lane the handler runs in; use the entity's lane, so that it keeps its order with the entity's records. */
  readonly lane: string;
  /** JSON-serialisable; comes back as it was. */
  readonly payload: unknown;
}

/** A timer that has come due. */
export interface DueTimer {
  readonly name: string;
  readonly key: string;
  readonly fireAt: EpochMs;
  readonly lane: string;
  readonly payload: unknown;
}

/**
 * A handler's view of one of its task's stores. Reads see what earlier work in this task has written and what this handler
 * has written itself; writes become visible to others, and part of the task's next transaction, when the handler returns or
 * calls {@link TaskContext.publish} or {@link TaskContext.commit}. A handler writes only keys that belong to its lane, or publishes
 * them in the turn in which it compared them.
 */
export interface StoreView<T> {
  get(key: string): T | undefined;
  put(key: string, value: T): void;
  delete(key: string): void;
  /** Entries whose key starts with the prefix, in key order, without this handler's uncommitted writes. */
  range(prefix: string): Iterable<readonly [key: string, value: T]>;
}

/**
 * What a handler may do to the world inside Kafka. Everything it emits and stores, and the progress of the input, become
 * visible together in one transaction shared with its neighbours (DESIGN section 5), or not at all.
 */
export interface TaskContext {
  readonly service: string;
  /** The partition of the chain that this task owns. */
  readonly partition: number;
  /** Aborted when the task must stop; pass it on to what takes long. */
  readonly signal: AbortSignal;
  now(): EpochMs;
  store<T>(definition: StoreDefinition<T>): StoreView<T>;
  /**
   * Adds a record to the handler's outputs. Headers of the input (traceparent, origin, workspace) are carried over unless
   * given.
   */
  emit<T>(topic: Topic<T>, key: string, value: T, headers?: Readonly<Record<string, string>>): void;
  setTimer(timer: TimerRequest): void;
  cancelTimer(name: string, key: string): void;
  /**
   * Makes everything written so far visible to the other handlers of the task at once, and part of the next transaction. For
   * entries that several lanes compare and write: compare, write and publish in one turn of the event loop, and no other lane
   * decides by a state that is no longer the newest. What is published stays, also when the handler fails after it.
   */
  publish(): void;
  /**
   * Resolves when everything written so far is committed. Call it between the intent and the effect outside: after it, a
   * crash leaves the intent for the next owner of the task to reconcile.
   * @throws when the task is stopping or its transaction failed; the handler must then end without further effects.
   */
  commit(): Promise<void>;
  /** Whether records with this key belong to this task; for work that begins with a connection and not with a record. */
  owns(key: string): boolean;
}
