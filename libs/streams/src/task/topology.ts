import type { StoreDefinition, Topic } from '#libs/contracts';
import type { DueTimer, InputRecord, TaskContext } from '../api/context.js';
import type { OutcomeSubject } from '../api/decorators.js';

/** Calls a handler; rejects with what the handler threw, unchanged. */
export type Invoke<Input> = (input: Input, context: TaskContext) => Promise<void>;

/** How one input topic is handled. */
export interface InputHandler {
  readonly topic: Topic<unknown>;
  readonly laneOf: (record: InputRecord<unknown>) => string;
  readonly about: ((value: unknown) => OutcomeSubject) | undefined;
  readonly maxBatch: number;
  readonly maxInFlightPerKey: number | undefined;
  /** Milliseconds from records of the topic to its next fetch; 0 = none. */
  readonly pauseMs: number;
  /** Takes one record when `maxBatch` is 1 and `together` false, else the list. */
  readonly together: boolean;
  readonly invoke: Invoke<InputRecord<unknown> | readonly InputRecord<unknown>[]>;
}

/** Something called per task at start and then periodically. */
export interface TickHandler {
  readonly name: string;
  readonly intervalMs: number;
  readonly invoke: Invoke<DueTimer>;
}

/** All that a service does, as the runtime sees it: made from the decorators of its handler classes. */
export interface Topology {
  /** Consumer group, prefix of state topics and transactional ids. */
  readonly service: string;
  readonly inputs: readonly InputHandler[];
  readonly timers: ReadonlyMap<string, Invoke<DueTimer>>;
  readonly ticks: readonly TickHandler[];
  readonly stores: readonly StoreDefinition<unknown>[];
  readonly outputs: readonly Topic<unknown>[];
}
