import { randomBytes } from 'node:crypto';
import { Registry } from 'prom-client';
import { onTestFinished } from 'vitest';
import type { Connection, Outcome } from '#libs/contracts';
import { type Clock, systemClock } from '#libs/core';
import { type Database, migrate, openDatabase } from '#libs/persistence';
import { createLogger, Secret } from '#libs/platform';
import { createVendorRegistry, noFaultPoints, noVendorMetrics, UndiciTransport } from '#libs/vendor-kit';
import { appWebhookKeysFrom, authCallsFrom } from '../configured-vendors.js';
import { MasterKeys } from '../crypto/master-keys.js';
import type { ConnectionPublisher } from '../publish/connection-publisher.js';
import { TokenBrokerMetrics } from '../token-broker.metrics.js';
import { TokenBroker, type TokenBrokerParts } from '../token-broker.js';
import { defaultRefreshSettings, type RefreshSettings } from '../tokens/refresh-settings.js';
import { VendorAccess } from '../vendor-access.js';
import { BooksServer } from './books-server.js';
import { booksVendor, textsVendor } from './books-vendor.js';

/** A key ring of one random key. */
export function newKey(id: string): string {
  return `${id}:${randomBytes(32).toString('base64')}`;
}

/** Collects what is published; fails while `down` is set. */
export class CollectingPublisher implements ConnectionPublisher {
  readonly connections: Connection[] = [];
  readonly outcomes: Outcome[] = [];
  down = false;

  async publish(connection: Connection): Promise<void> {
    if (this.down) throw new Error('the log is away');
    this.connections.push(connection);
  }

  async record(outcome: Outcome): Promise<void> {
    if (this.down) throw new Error('the log is away');
    this.outcomes.push(outcome);
  }
}

/** What instances of one test have in common. */
export interface World {
  readonly url: string;
  readonly books: BooksServer;
  readonly publisher: CollectingPublisher;
  readonly masterKeys: string;
  /** Lines that any instance logged. */
  readonly log: string[];
  readonly clock: Clock;
}

/** A database that is thrown away at the end: what `createTestDatabase` of tools/infra gives. */
export interface ScratchDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** A vendor and a log of this test's own, on an empty database. */
export async function createWorld(database: ScratchDatabase, clock: Clock = systemClock): Promise<World> {
  onTestFinished(() => database.drop());
  await migrate({ url: database.url, applicationName: 'test' });
  const books = await BooksServer.start(() => clock.now());
  onTestFinished(() => books.stop());
  const publisher = new CollectingPublisher();
  return { url: database.url, books, publisher, masterKeys: newKey('k1'), log: [], clock };
}

/** What a test changes about one instance. */
export interface InstanceOptions {
  readonly graceMs?: number;
  readonly masterKeys?: string;
  readonly settings?: Partial<RefreshSettings>;
  readonly parts?: Partial<TokenBrokerParts>;
  readonly database?: (database: Database) => Database;
}

/** Quick enough for a test, in the order that the real ones have. */
export const quickSettings: RefreshSettings = {
  ...defaultRefreshSettings,
  leaseMs: 2_000,
  pollMs: 10,
  waitMs: 8_000,
  forcedRefreshPauseMs: 0,
};

/** One instance of token-broker with a pool of its own; several of one world are its replicas. */
export async function createInstance(world: World, options: InstanceOptions = {}) {
  const opened = await openDatabase({ url: world.url, applicationName: 'broker', poolSize: 4 });
  onTestFinished(() => opened.close());
  const database = options.database?.(opened) ?? opened;
  const transport = new UndiciTransport({ totalTimeoutMs: 5_000 });
  onTestFinished(() => transport.close());
  const variables = {
    BOOKS_URL: world.books.url,
    BOOKS_CLIENT_ID: 'client',
    BOOKS_CLIENT_SECRET: new Secret('client-secret'),
    BOOKS_WEBHOOK_KEY: new Secret('new-webhook-key, old-webhook-key'),
  };
  const registry = new Registry();
  const broker = new TokenBroker({
    database,
    masterKeys: MasterKeys.parse(options.masterKeys ?? world.masterKeys),
    vendors: new VendorAccess(
      createVendorRegistry([booksVendor(options.graceMs ?? 0), textsVendor]),
      authCallsFrom(variables, { transport, clock: world.clock, metrics: noVendorMetrics }),
    ),
    appWebhookKeys: appWebhookKeysFrom(variables),
    publisher: world.publisher,
    publicBaseUrl: 'http://localhost:8080',
    webhookBaseUrl: undefined,
    settings: { ...quickSettings, ...options.settings },
    clock: world.clock,
    random: () => 0.5,
    metrics: new TokenBrokerMetrics(registry),
    logger: createLogger({
      service: 'token-broker',
      instance: 'test',
      level: 'trace',
      destination: { write: (line: string) => void world.log.push(line) },
    }),
    faultPoints: noFaultPoints,
    ...options.parts,
  });
  onTestFinished(() => broker.stop());
  return { broker, database, registry };
}

export type Instance = Awaited<ReturnType<typeof createInstance>>;

/** Connects the vendor's company to workspace `w1`; answers the ids of its connections. */
export async function connectBooks({ broker }: Instance, { books }: World): Promise<string[]> {
  const { authorizeUrl, browserId } = await broker.consents.begin('books', 'w1');
  const end = await broker.consents.finish(
    'books',
    { ...books.consent(authorizeUrl), error: undefined, others: {} },
    browserId,
  );
  if (end.kind !== 'connected') throw new Error(`the consent ended with ${end.reason}`);
  return end.connections.map(({ connectionId }) => connectionId);
}

/** @throws Error when a text holds a token that the vendor ever gave, the app's secret or a master key. */
export function assertNoSecretIn(text: string, { books, masterKeys }: World): void {
  const keys = masterKeys.split(',').map((key) => key.split(':')[1] ?? '');
  const found = [...books.secrets(), 'client-secret', ...keys].find((secret) => text.includes(secret));
  if (found !== undefined) throw new Error(`a secret shows: ${text.slice(0, 2_000)}`);
}
