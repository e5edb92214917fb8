import type { LoadResult } from '../http-sockets.ts';
import type { BenchEvent } from '../tenants.ts';

/** What the load client is asked to do. */
export interface LoadOrder {
  /** Of the instances over which the connections are spread. */
  readonly ports: readonly number[];
  readonly connections: number;
  readonly seconds: number;
}

/** What it answers; CPU of the client itself, to show that it was not what was measured. */
export interface LoadAnswer extends LoadResult {
  readonly clientCpuMs: number;
}

/** What the bare loop is asked to do: the events, all at once or at a rate. */
export interface LoopOrder {
  readonly events: readonly BenchEvent[];
  readonly eventsPerSecond: number | null;
  /** Whether its messages ask for status callbacks, as the product's do. */
  readonly toldOfStatus: boolean;
}

/** When it was over, and when each event was due (epoch milliseconds; only at a rate). */
export interface LoopAnswer {
  /** Until the last message was asked for. */
  readonly elapsedMs: number;
  /** Of the loop, until the last callback. */
  readonly cpuMs: number;
  readonly dueAt: readonly number[];
}

/** What the bare loop must know of the doubles. */
export interface LoopSetup {
  readonly sandboxUrl: string;
  readonly accountSid: string;
  readonly apiKeySid: string;
  readonly apiKeySecret: string;
  readonly messagingServiceSid: string;
  /** Access token by tenant. */
  readonly tokens: Readonly<Record<string, string>>;
}

/** Where the log is whose store is restored. */
export interface RestoreSetup {
  readonly kafkaBrokers: string;
  readonly registryUrl: string;
}

/** What the restoring process is asked to do: fill the changelog with so many keys, or restore it into the file. */
export interface RestoreOrder {
  readonly fill: number | null;
  readonly file: string;
}

/** How it went. */
export interface RestoreAnswer {
  readonly keys: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** What it added to the process's resident memory. */
  readonly megabytes: number;
  /** The whole process, Node.js and code included. */
  readonly rssMegabytes: number;
}
