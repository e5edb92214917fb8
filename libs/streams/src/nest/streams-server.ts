import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import type { TaskContext } from '../api/context.js';
import {
  type HandlerInput,
  type HandlerPattern,
  PIPELINE_OPTIONS,
  type PipelineOptions,
  streamsTransport,
} from '../api/decorators.js';
import type { StreamsRuntime } from '../streams-runtime.js';
import type { Topology } from '../task/topology.js';
import { buildTopology, type FoundHandler, type TopicBindings } from '../task/topology-builder.js';

/** What the strategy needs besides the handlers that Nest offers it. */
export interface StreamsServerOptions {
  readonly service: string;
  /** The {@link StreamPipeline} classes among the controllers. */
  readonly pipelines: readonly (abstract new (...parameters: never[]) => object)[];
  readonly bindings?: TopicBindings | undefined;
  createRuntime(topology: Topology): StreamsRuntime;
  /** Handlers may rely on tables: nothing is consumed before this resolves. */
  beforeStart(): Promise<void>;
}

/** Nest's transport strategy for tasks: collects the decorated handlers, then runs them as a topology. */
export class StreamsServer extends Server implements CustomTransportStrategy {
  override readonly transportId = streamsTransport;
  /** Errors decide over the record; Nest must not swallow or log them. */
  override readonly propagatesEventHandlerErrors = true;
  private readonly found: FoundHandler[] = [];
  private closed = false;
  private runtime: StreamsRuntime | undefined;

  constructor(private readonly options: StreamsServerOptions) {
    super();
  }

  /** Called by Nest for each handler; unlike the base class it never chains two handlers of one topic. */
  override addHandler(
    _pattern: unknown,
    callback: MessageHandler,
    _isEventHandler?: boolean,
    extras?: Record<string, unknown>,
  ): void {
    const pattern = extras?.['pattern'] as HandlerPattern;
    this.found.push({ pattern, invoke: (input, context) => call(callback, input, context) });
  }

  listen(callback: () => void): void {
    const topology = this.buildTopology();
    // Not awaited: the service must answer its probes while it waits for tables, registry and broker.
    void this.start(topology);
    callback();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.runtime?.stop();
  }

  /** Whether the group is joined and every owned task restored. */
  get ready(): boolean {
    return this.runtime?.ready ?? false;
  }

  on(): never {
    throw new Error('the streams transport has no events to listen to');
  }

  unwrap<T>(): T {
    return this.runtime as T;
  }

  private buildTopology(): Topology {
    const pipelines = this.options.pipelines.map(
      (pipeline) => (Reflect.getMetadata(PIPELINE_OPTIONS, pipeline) ?? {}) as PipelineOptions,
    );
    return buildTopology(this.options.service, this.found, pipelines, this.options.bindings);
  }

  private async start(topology: Topology): Promise<void> {
    await this.options.beforeStart();
    if (this.closed) return;
    this.runtime = this.options.createRuntime(topology);
    await this.runtime.start();
  }
}

async function call(callback: MessageHandler, input: HandlerInput, context: TaskContext): Promise<void> {
  const answer: unknown = await callback(input, context);
  if (isObservable(answer)) await lastValueFrom(answer, { defaultValue: undefined });
}
