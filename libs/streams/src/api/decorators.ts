import 'reflect-metadata';
import { Controller, UseFilters } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { Outcome, StoreDefinition, Topic } from '#libs/contracts';
import { PassThroughFilter } from '../nest/pass-through.filter.js';
import type { DueTimer, InputRecord } from './context.js';

/** Marks the handlers that our transport takes; Nest offers each handler to the strategy with the same id. */
export const streamsTransport = Symbol('ledgerwire:streams');

/** What an outcome says about the work it is about; the runtime fills in the rest for parked and dead-lettered records. */
export type OutcomeSubject = Pick<Outcome, 'workspaceId'> & Partial<Outcome>;

/** How a topic's records are handled. */
export interface ConsumeOptions<T> {
  /**
   * What the record keeps its order in: records of one lane are handled one after the other, those of different lanes side
   * by side. Default: the record key (the connection).
   */
  readonly lane?: (record: InputRecord<T>) => string;
  /** For the audit trail: what a record is about, when the runtime parks it or sets it aside. */
  readonly about?: (value: T) => OutcomeSubject;
  /** At most so many records of one key (connection) are in flight at once in a task; the task's setting when not given. */
  readonly maxInFlightPerKey?: number;
  /**
   * In no hurry: once records have come, the next ones are read so many milliseconds later, so that more of them share a fetch and a
   * transaction. Default 0: they are read as soon as they are there.
   */
  readonly pauseMs?: number;
}

/** Options of a handler that takes several records of a lane at once. */
export interface ConsumeBatchOptions<T> extends ConsumeOptions<T> {
  /** At most so many waiting records of one lane are handed over together. */
  readonly maxBatch: number;
}

/** What a pipeline class keeps and writes: the runtime creates, restores and checks by this. */
export interface PipelineOptions {
  readonly stores?: Readonly<Record<string, StoreDefinition<unknown>>>;
  /** Topics that its handlers emit to. `outcomes` and `dead-letters` always belong to it. */
  readonly outputs?: readonly Topic<unknown>[];
}

/** Where {@link StreamPipeline} keeps its {@link PipelineOptions}. */
export const PIPELINE_OPTIONS = 'ledgerwire:streams:pipeline';

/** Marks a class whose methods handle records, timers and ticks; it is a Nest controller of our transport. */
export function StreamPipeline(options: PipelineOptions): ClassDecorator {
  return (target) => {
    Controller()(target);
    UseFilters(PassThroughFilter)(target);
    Reflect.defineMetadata(PIPELINE_OPTIONS, options, target);
  };
}

/** What the decorators leave on a handler method, read by the Nest strategy and by the test driver. */
export type HandlerPattern =
  | { readonly kind: 'consume'; readonly topic: Topic<unknown>; readonly options: ConsumeOptions<unknown> }
  | {
      readonly kind: 'consume-batch';
      readonly topic: Topic<unknown>;
      readonly options: ConsumeBatchOptions<unknown>;
    }
  | { readonly kind: 'timer'; readonly name: string }
  | { readonly kind: 'every'; readonly name: string; readonly intervalMs: number };

/** Where the decorators keep their {@link HandlerPattern}. */
export const HANDLER_PATTERN = 'ledgerwire:streams:handler';

/** Handles the records of a topic one by one: `(record: InputRecord<T>, context: TaskContext) => Promise<void>`. */
export function Consume<T>(topic: Topic<T>, options: ConsumeOptions<T> = {}): MethodDecorator {
  return handler({ kind: 'consume', topic, options: options as ConsumeOptions<unknown> });
}

/**
 * Handles what waits in a lane together: `(records: readonly InputRecord<T>[], context: TaskContext) => Promise<void>`. Use
 * it where several records ask for the same thing.
 */
export function ConsumeBatch<T>(topic: Topic<T>, options: ConsumeBatchOptions<T>): MethodDecorator {
  return handler({ kind: 'consume-batch', topic, options: options as ConsumeBatchOptions<unknown> });
}

/** Handles timers of one name that have come due: `(timer: DueTimer, context: TaskContext) => Promise<void>`. */
export function OnTimer(name: string): MethodDecorator {
  return handler({ kind: 'timer', name });
}

/**
 * Called once per task right after its state is restored, then every `intervalMs`: `(tick: DueTimer, context: TaskContext) =>
 * Promise<void>`. A tick is skipped while the former one still runs.
 */
export function Every(name: string, intervalMs: number): MethodDecorator {
  return handler({ kind: 'every', name, intervalMs });
}

/** What a handler method is called with, by kind. */
export type HandlerInput = InputRecord<unknown> | readonly InputRecord<unknown>[] | DueTimer;

/** The text under which Nest knows a handler; two handlers for one pattern are refused at start. */
export function patternText(pattern: HandlerPattern): string {
  return pattern.kind === 'consume' || pattern.kind === 'consume-batch'
    ? `topic:${pattern.topic.name}`
    : `${pattern.kind}:${pattern.name}`;
}

function handler(pattern: HandlerPattern): MethodDecorator {
  const forNest = EventPattern(patternText(pattern), streamsTransport, { pattern }) as MethodDecorator;
  return (target, name, descriptor) => {
    forNest(target, name, descriptor);
    // Without these Nest hands over the payload alone.
    Payload()(target, name, 0);
    Ctx()(target, name, 1);
    Reflect.defineMetadata(HANDLER_PATTERN, pattern, descriptor.value as object);
  };
}
