import { fastify, type FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { type Connection, type Outcome, topics } from '#libs/contracts';
import { type Clock, LedgerwireError, systemClock } from '#libs/core';
import { Secret } from '#libs/platform';
import type { LogProducer, OutgoingRecord, ReadTable, SendTiming } from '#libs/streams';
import {
  plainConnection,
  type ProofReceiver,
  type SubscriptionProof,
  type VendorWebhooks,
  type VerificationKey,
} from '#libs/vendor-kit';
import { serverOptions, type UploadTimes } from '../http/server-options.js';
import { registerRequeueRoute } from '../http/requeue-route.js';
import { registerWebhookRoutes } from '../http/webhook-routes.js';
import { IngressMetrics } from '../ingress.metrics.js';
import { ConnectionDirectory } from '../intake/connection-directory.js';
import { TraceIds } from '../intake/trace-ids.js';
import { type KeySource, VerificationKeys } from '../intake/verification-keys.js';
import { type AcceptedLine, WebhookIntake } from '../intake/webhook-intake.js';
import { testWebhooks } from './test-vendor.js';

/** A connection with sensible values. */
export function connection(overrides: Partial<Connection> = {}): Connection {
  return plainConnection('test', 'account-1', {
    connectionId: 'connection-1',
    workspaceId: 'workspace-1',
    displayName: 'Demo Ltd',
    ...overrides,
  });
}

/** A table that a test fills by hand. */
export class TestTable implements ReadTable<Connection> {
  complete = true;
  private readonly rows = new Map<string, Connection>();
  private readonly listeners: ((key: string, value: Connection | undefined) => void)[] = [];

  constructor(...rows: readonly Connection[]) {
    for (const row of rows) this.rows.set(row.connectionId, row);
  }

  get(key: string): Connection | undefined {
    return this.rows.get(key);
  }

  values(): Iterable<Connection> {
    return this.rows.values();
  }

  onChange(listener: (key: string, value: Connection | undefined) => void): void {
    this.listeners.push(listener);
  }

  set(key: string, value: Connection | undefined): void {
    if (value) this.rows.set(key, value);
    else this.rows.delete(key);
    for (const listener of this.listeners) listener(key, value);
  }
}

/** A log that keeps what it is given, or does what a test tells it to. */
export class TestLog implements LogProducer {
  readonly sent: OutgoingRecord<unknown>[] = [];
  sends = 0;
  /** What the senders said that they can wait for, one entry a send. */
  readonly timings: SendTiming[] = [];
  behaviour: () => Promise<void> = () => Promise.resolve();

  constructor(private readonly clock: Clock = systemClock) {}

  send<T>(record: OutgoingRecord<T>): Promise<void> {
    return this.sendAll([record]);
  }

  /** The behaviour may throw at once, as encoding does. */
  sendAll(records: readonly OutgoingRecord<unknown>[], timing: SendTiming = {}): Promise<void> {
    const { withinMs = Number.MAX_SAFE_INTEGER } = timing;
    this.sends += 1;
    this.timings.push(timing);
    const written = this.behaviour().then(() => {
      this.sent.push(...records);
    });
    return new Promise((resolve, reject) => {
      const late = new LedgerwireError('late', { code: 'log-unavailable', disposition: 'retry' });
      const cancel = this.clock.after(withinMs, () => reject(late));
      written.then(resolve, reject).finally(cancel);
    });
  }

  /** What was written but for the trail's lines about refused webhooks, which hold nothing of them. */
  get kept(): OutgoingRecord<unknown>[] {
    return this.sent.filter(
      ({ topic, value }) => topic.name !== topics.outcomes.name || (value as Outcome).status !== 'refused',
    );
  }

  /** Values written to one topic so far. */
  values<T>(topic: { readonly name: string }): T[] {
    return this.sent.filter((record) => record.topic.name === topic.name).map((record) => record.value as T);
  }
}

/** Keys that a test gives out. */
export class TestKeys implements KeySource {
  asked = 0;
  failure: Error | undefined;

  constructor(public keys: readonly VerificationKey[]) {}

  verificationKeys(): Promise<readonly VerificationKey[]> {
    this.asked += 1;
    return this.failure ? Promise.reject(this.failure) : Promise.resolve(this.keys);
  }
}

/** A token-broker that keeps handshakes, or does not. */
export class TestProofs implements ProofReceiver {
  readonly kept: (SubscriptionProof & { readonly connectionId: string })[] = [];
  known = true;
  failure: Error | undefined;

  async proveSubscription(connectionId: string, proof: SubscriptionProof): Promise<boolean> {
    if (this.failure) throw this.failure;
    if (this.known) this.kept.push({ connectionId, ...proof });
    return Promise.resolve(this.known);
  }
}

/** A whole ingress but for Kafka, Nest and the vendors. */
export interface TestIngress {
  readonly server: FastifyInstance;
  readonly log: TestLog;
  readonly keys: TestKeys;
  readonly proofs: TestProofs;
  readonly table: TestTable;
  readonly registry: Registry;
  readonly lines: AcceptedLine[];
  readonly failures: unknown[];
}

/** What a test may set. */
export interface TestIngressOptions {
  readonly webhooks?: VendorWebhooks;
  readonly connections?: readonly Connection[];
  readonly clock?: Clock;
  readonly maxPendingBytes?: number;
  readonly vendor?: string;
  readonly times?: UploadTimes;
}

export const SECRET = 'a-key';
export const REQUEUE_TOKEN = 'the-token-of-console';

/** Starts an ingress without a socket; use `server.inject`, or listen on port 0. */
export async function startTestIngress(options: TestIngressOptions = {}): Promise<TestIngress> {
  const clock = options.clock ?? systemClock;
  const registry = new Registry();
  const metrics = new IngressMetrics(registry);
  const log = new TestLog(clock);
  const keys = new TestKeys([{ keyId: 'primary', secret: SECRET }]);
  const table = new TestTable(...(options.connections ?? [connection()]));
  const proofs = new TestProofs();
  const lines: AcceptedLine[] = [];
  const failures: unknown[] = [];
  const intake = new WebhookIntake({
    keys: new VerificationKeys(keys, clock, { maxAgeMs: 60_000, renewalPauseMs: 5_000 }),
    proofs,
    directory: new ConnectionDirectory(table),
    producer: log,
    traces: new TraceIds(),
    metrics,
    clock,
    log: { accepted: (line) => void lines.push(line), unavailable: (error) => void failures.push(error) },
    maxPendingBytes: options.maxPendingBytes ?? 1_000_000,
  });
  const server = fastify(serverOptions(options.times ?? { uploadTimeoutMs: 10_000, checkIntervalMs: 1_000 }));
  const vendors = [{ id: options.vendor ?? 'test', webhooks: options.webhooks ?? testWebhooks() }];
  await registerWebhookRoutes(server, intake, metrics, {
    publicBaseUrl: 'https://hooks.example.com',
    clock,
    vendors,
  });
  registerRequeueRoute(server, intake, { token: new Secret(REQUEUE_TOKEN), vendors });
  await server.ready();
  return { server, log, keys, proofs, table, registry, lines, failures };
}
