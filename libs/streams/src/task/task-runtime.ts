import type { Topic } from '#libs/contracts';
import type { Clock } from '#libs/core';
import type { Codec } from '../codec/codec.js';
import type { StateStore } from '../state/state-store.js';
import type { Committer } from './committer.js';

/** What a unit of work uses of its task. */
export interface TaskRuntime {
  readonly service: string;
  readonly partition: number;
  readonly clock: Clock;
  readonly codec: Codec;
  readonly committer: Committer;
  readonly signal: AbortSignal;
  partitionOf(key: string): number;
  /** @throws LedgerwireError `store-not-declared` (halt). */
  storeOf(name: string): StateStore;
  /** The topic as bound at start. @throws LedgerwireError `output-not-declared` (halt). */
  outputOf<T>(topic: Topic<T>): Topic<T>;
  /** Told of each entry that a unit has made visible. */
  stateChanged(store: string, key: string, value: Buffer | undefined): void;
}
