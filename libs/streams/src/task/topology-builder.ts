import { type StoreDefinition, type Topic, topics } from '#libs/contracts';
import { LedgerwireError } from '#libs/core';
import type { DueTimer, InputRecord, TaskContext } from '../api/context.js';
import {
  HANDLER_PATTERN,
  type HandlerInput,
  type HandlerPattern,
  PIPELINE_OPTIONS,
  type PipelineOptions,
} from '../api/decorators.js';
import type { InputHandler, Invoke, TickHandler, Topology } from './topology.js';

/** What a topic's name stands for when the service starts: another topic, or several whose records one handler takes. */
export type TopicBindings = Readonly<Record<string, Topic<unknown> | readonly Topic<unknown>[]>>;

/** A handler as it was found, by Nest or on an instance. */
export interface FoundHandler {
  readonly pattern: HandlerPattern;
  readonly invoke: (input: HandlerInput, context: TaskContext) => Promise<void>;
}

/**
 * Puts together what a service does.
 * @throws LedgerwireError `topology-invalid` (halt) when two handlers take one topic or timer, or none is there.
 */
export function buildTopology(
  service: string,
  handlers: readonly FoundHandler[],
  pipelines: readonly PipelineOptions[],
  bindings: TopicBindings = {},
): Topology {
  const bind = (topic: Topic<unknown>): readonly Topic<unknown>[] => [bindings[topic.name] ?? topic].flat();
  const inputs: InputHandler[] = [];
  const timers = new Map<string, Invoke<DueTimer>>();
  const ticks: TickHandler[] = [];
  for (const { pattern, invoke } of handlers) {
    if (pattern.kind === 'timer') {
      if (timers.has(pattern.name)) throw invalid(service, `two handlers for timer ${pattern.name}`);
      timers.set(pattern.name, invoke);
    } else if (pattern.kind === 'every') {
      ticks.push({ name: pattern.name, intervalMs: pattern.intervalMs, invoke });
    } else {
      for (const topic of bind(pattern.topic)) {
        if (inputs.some((input) => input.topic.name === topic.name)) {
          throw invalid(service, `two handlers for topic ${topic.name}`);
        }
        inputs.push(toInput(topic, pattern, invoke));
      }
    }
  }
  if (inputs.length === 0) throw invalid(service, 'no handler takes a topic');
  return {
    service,
    inputs,
    timers,
    ticks,
    stores: uniqueByName(
      pipelines.flatMap(({ stores }): StoreDefinition<unknown>[] => Object.values(stores ?? {})),
    ),
    outputs: uniqueByName([
      ...pipelines.flatMap(({ outputs }) => outputs ?? []).flatMap(bind),
      topics.outcomes as Topic<unknown>,
      topics.deadLetters as Topic<unknown>,
    ]),
  };
}

/** The handlers of a decorated instance, without Nest; for the test driver. */
export function handlersOf(instance: object): { handlers: FoundHandler[]; pipeline: PipelineOptions } {
  const prototype = Object.getPrototypeOf(instance) as Record<string, unknown>;
  const handlers = Object.getOwnPropertyNames(prototype).flatMap((name): FoundHandler[] => {
    const method = Object.getOwnPropertyDescriptor(prototype, name)?.value as unknown;
    if (typeof method !== 'function') return [];
    const pattern = Reflect.getMetadata(HANDLER_PATTERN, method) as HandlerPattern | undefined;
    if (!pattern) return [];
    return [
      {
        pattern,
        invoke: async (input, context) => {
          await (method.call(instance, input, context) as Promise<void>);
        },
      },
    ];
  });
  const pipeline = (Reflect.getMetadata(PIPELINE_OPTIONS, instance.constructor) ?? {}) as PipelineOptions;
  return { handlers, pipeline };
}

function toInput(
  topic: Topic<unknown>,
  pattern: Extract<HandlerPattern, { readonly topic: unknown }>,
  invoke: FoundHandler['invoke'],
): InputHandler {
  const { options } = pattern;
  return {
    topic,
    laneOf: options.lane ?? ((record: InputRecord<unknown>) => record.key),
    about: options.about,
    maxInFlightPerKey: options.maxInFlightPerKey,
    pauseMs: options.pauseMs ?? 0,
    maxBatch: pattern.kind === 'consume-batch' ? pattern.options.maxBatch : 1,
    together: pattern.kind === 'consume-batch',
    invoke,
  };
}

function uniqueByName<T extends { readonly name: string }>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [item.name, item])).values()];
}

function invalid(service: string, problem: string): LedgerwireError {
  return new LedgerwireError(`${service}: ${problem}`, { code: 'topology-invalid', disposition: 'halt' });
}
