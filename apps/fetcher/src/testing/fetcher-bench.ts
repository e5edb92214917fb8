import { Registry } from 'prom-client';
import {
  type AccountingRecord,
  type ChangeNotice,
  changeNoticesOf,
  type Connection,
  type ContactWish,
  contactWishesOf,
  fetcherStores,
  type Outcome,
  topics,
} from '#libs/contracts';
import { ManualClock } from '#libs/core';
import { silentLogger } from '#libs/platform';
import { PipelineDriver } from '#libs/streams';
import type { CallOptions, VendorCall, WishOfContact, WishResult } from '#libs/vendor-kit';
import { EntityLoader } from '../entity-loader.js';
import { FetcherMetrics } from '../fetcher.metrics.js';
import { FetcherPipeline } from '../fetcher.pipeline.js';
import { defaultFetcherSettings, type FetcherTools } from '../fetcher-tools.js';
import { FakeBooks } from './fake-books.js';

/** A Xero connection of the tests. */
export function aConnection(connectionId: string, changes: Partial<Connection> = {}): Connection {
  return {
    connectionId,
    workspaceId: 'w1',
    vendor: 'xero',
    accountId: `account of ${connectionId}`,
    displayName: connectionId,
    status: 'active',
    timeZone: 'UTC',
    country: 'GB',
    currency: 'GBP',
    settings: {},
    updatedAt: 0,
    ...changes,
  };
}

/** The fetcher on a simulated task, with books in memory. */
export class FetcherBench {
  readonly clock = new ManualClock(Date.UTC(2026, 10, 21, 9));
  readonly books = new FakeBooks();
  readonly registry = new Registry();
  readonly connections = new Map<string, Connection>([['x1', aConnection('x1')]]);
  perDay: number | undefined;
  /** Who wants no text messages, as the books have it; a connection with the setting `optOutGroup` keeps it. */
  readonly refusing = new Set<string>();
  /** Called when the books are about to be told of a wish, and after they were. */
  whenTold: (when: 'before' | 'after') => Promise<void> = () => Promise.resolve();
  wishesWritten = 0;
  /** Throwing here is a transaction that fails. */
  beforeCommit: () => void = () => undefined;
  readonly callOptions: (CallOptions | undefined)[] = [];
  private running: PipelineDriver | undefined;
  private noticeCount = 0;

  static async start(prepare: (bench: FetcherBench) => void = () => undefined): Promise<FetcherBench> {
    const bench = new FetcherBench();
    prepare(bench);
    bench.running = await PipelineDriver.start({
      service: 'fetcher-xero',
      handlers: [new FetcherPipeline(bench.tools())],
      clock: bench.clock,
      bindings: {
        [topics.changeNotices.name]: changeNoticesOf('xero'),
        [topics.contactWishes.name]: contactWishesOf('xero'),
      },
      beforeCommit: () => bench.beforeCommit(),
    });
    await bench.driver.settle();
    return bench;
  }

  get driver(): PipelineDriver {
    if (!this.running) throw new Error('not started');
    return this.running;
  }

  /** Puts a notice into the topic without waiting for what comes of it. */
  enqueue(changes: Partial<ChangeNotice> = {}, headers: Readonly<Record<string, string>> = {}): void {
    this.noticeCount += 1;
    const notice: ChangeNotice = {
      noticeId: `n${this.noticeCount}`,
      webhookId: `h${this.noticeCount}`,
      workspaceId: 'w1',
      connectionId: 'x1',
      vendor: 'xero',
      entityType: 'invoice',
      entityId: 'i1',
      changeType: 'updated',
      origin: 'webhook',
      recheck: false,
      recheckToken: null,
      sourceTime: null,
      receivedAt: this.clock.now(),
      ...changes,
    };
    this.driver.send(changeNoticesOf('xero'), notice.connectionId, notice, headers);
  }

  async notice(changes: Partial<ChangeNotice> = {}): Promise<void> {
    this.enqueue(changes);
    await this.settle();
  }

  /** Puts a wish of a contact into the topic without waiting for what comes of it. */
  enqueueWish(changes: Partial<ContactWish> = {}): void {
    const wish: ContactWish = {
      commandId: 'w1',
      workspaceId: 'w1',
      connectionId: 'x1',
      vendor: 'xero',
      contactId: 'c1',
      smsAllowed: false,
      cause: 'stop-message',
      flowId: 'f1',
      decidedAt: this.clock.now(),
      ...changes,
    };
    this.driver.send(contactWishesOf('xero'), wish.connectionId, wish);
  }

  async wish(changes: Partial<ContactWish> = {}): Promise<void> {
    this.enqueueWish(changes);
    await this.settle();
  }

  /** Waits until everything is handled. @throws what ended the service, if something did. */
  async settle(): Promise<void> {
    await this.driver.settle();
    if (this.driver.fatalError) throw this.driver.fatalError;
  }

  /** Hands the fetcher what it wrote to its own input; the driver reads it on after an opening. */
  async readOwnNotices(): Promise<void> {
    await this.driver.restart();
    await this.settle();
  }

  async pass(ms: number): Promise<void> {
    await this.driver.advance(ms);
    await this.settle();
  }

  records(): AccountingRecord[] {
    return this.driver.sent(topics.records);
  }

  /** `type/id` of every record so far. */
  emitted(): string[] {
    return this.records().map(({ entityType, entityId }) => `${entityType}/${entityId}`);
  }

  outcomes(): Outcome[] {
    return this.driver.sent(topics.outcomes);
  }

  trail(): string[] {
    return this.outcomes().map(({ status, reason }) => (reason === null ? status : `${status}/${reason}`));
  }

  cursor(connectionId = 'x1', entityType = 'payment') {
    return this.driver.stored(fetcherStores.cursors, `${connectionId}/poll/${entityType}`);
  }

  private async bring({ contactId, smsAllowed }: WishOfContact): Promise<WishResult> {
    await this.whenTold('before');
    const failure = this.books.failing.get('x1');
    if (failure) throw failure;
    if (this.refusing.has(contactId) !== smsAllowed) return 'as-wished';
    if (smsAllowed) this.refusing.delete(contactId);
    else this.refusing.add(contactId);
    this.wishesWritten += 1;
    await this.whenTold('after');
    return 'written';
  }

  private tools(): FetcherTools {
    const callFor = (connection: Connection, options?: CallOptions): VendorCall => {
      this.callOptions.push(options);
      const request = () => Promise.reject(new Error('the books of the tests make no requests'));
      return { connection, baseUrls: {}, request };
    };
    const connections = this.connections;
    return {
      vendor: {
        manifest: {
          id: 'xero',
          name: 'Xero',
          capabilities: ['source'],
          baseUrls: [],
          appCredentials: [],
          limits: { concurrent: 5, readSignals: () => ({}) },
          limitsOf: () => (this.perDay === undefined ? {} : { perDay: this.perDay }),
          guarantees: [],
        } as unknown as FetcherTools['vendor']['manifest'],
      },
      source: this.books,
      contactWishes: {
        isSetUp: ({ settings }) => settings['optOutGroup'] !== undefined,
        bring: (_call, wish) => this.bring(wish),
      },
      connections,
      loader: new EntityLoader({
        source: this.books,
        connectionOf: (connectionId) => connections.get(connectionId),
        callFor,
      }),
      settings: defaultFetcherSettings,
      metrics: new FetcherMetrics(this.registry),
      logger: silentLogger,
      callFor,
    };
  }
}
