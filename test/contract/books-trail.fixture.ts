import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import {
  type ChangeNotice,
  changeNoticesOf,
  type Connection,
  contactWishesOf,
  type Outcome,
  topics,
} from '#libs/contracts';
import { ManualClock } from '#libs/core';
import { sampleSource } from '#libs/flows';
import { silentLogger } from '#libs/platform';
import { PipelineDriver } from '#libs/streams';
import { parseExactJson, type RawEntity, type VendorDefinition, type VendorSource } from '#libs/vendor-kit';
import { EntityLoader } from '../../apps/fetcher/src/entity-loader.js';
import { FetcherMetrics } from '../../apps/fetcher/src/fetcher.metrics.js';
import { FetcherPipeline } from '../../apps/fetcher/src/fetcher.pipeline.js';
import { defaultFetcherSettings } from '../../apps/fetcher/src/fetcher-tools.js';
import { MapperBench } from '../../apps/mapper/src/testing/mapper-bench.js';

/** The instant at which the clocks of fetcher and mapper stand. */
const NOW = Date.UTC(2026, 10, 21, 9);

/**
 * A vendor's notices followed through the real fetcher and the real mapper on simulated tasks, by one of the vendor's ready flows.
 * The vendor's own mapping reads what a test puts into the books.
 */
export class BooksTrail {
  private told = 0;
  private noticed = 0;

  private constructor(
    private readonly vendor: VendorDefinition,
    private readonly fetcher: PipelineDriver,
    readonly mapper: MapperBench,
    private readonly connection: Connection,
    /** By type and id, as JSON. */
    private readonly books: Map<string, string>,
  ) {}

  /** @param flow a file of `flows/`, without its ending. */
  static async start(vendor: VendorDefinition, flow: string): Promise<BooksTrail> {
    const { id } = vendor.manifest;
    const connection: Connection = { ...sampleSource, vendor: id, accountId: 'account' };
    const connections = new Map([[connection.connectionId, connection]]);
    const books = new Map<string, string>();
    const source = readingFrom(vendor.source as VendorSource, (type, key) => books.get(`${type}/${key}`));
    const callFor = (to: Connection) => ({
      connection: to,
      baseUrls: {},
      request: () => Promise.reject(new Error('these books are not asked over HTTP')),
    });
    const fetcher = await PipelineDriver.start({
      service: `fetcher-${id}`,
      handlers: [
        new FetcherPipeline({
          vendor,
          source,
          contactWishes: undefined,
          connections,
          loader: new EntityLoader({ source, connectionOf: (key) => connections.get(key), callFor }),
          settings: defaultFetcherSettings,
          metrics: new FetcherMetrics(new Registry()),
          logger: silentLogger,
          callFor,
        }),
      ],
      clock: new ManualClock(NOW),
      bindings: {
        [topics.changeNotices.name]: changeNoticesOf(id),
        [topics.contactWishes.name]: contactWishesOf(id),
      },
    });
    const { head, steps } = partsOf(flow);
    const mapper = await MapperBench.start([steps], undefined, head);
    return new BooksTrail(vendor, fetcher, mapper, connection, books);
  }

  /** Writes an entity as the vendor's API gives it. */
  put(entityType: string, entityId: string, value: object): void {
    this.books.set(`${entityType}/${entityId}`, JSON.stringify(value));
  }

  remove(entityType: string, entityId: string): void {
    this.books.delete(`${entityType}/${entityId}`);
  }

  /** A notice of an invoice, followed through both services; answers what the trail says of it: `step/status/reason`. */
  async notice(entityId: string, changes: Partial<ChangeNotice> = {}): Promise<string[]> {
    this.noticed += 1;
    const { connectionId, workspaceId } = this.connection;
    const vendor = this.vendor.manifest.id;
    const before = this.outcomes();
    this.fetcher.send(changeNoticesOf(vendor), connectionId, {
      noticeId: `n${this.noticed}`,
      webhookId: `w${this.noticed}`,
      workspaceId,
      connectionId,
      vendor,
      entityType: 'invoice',
      entityId,
      changeType: 'updated',
      origin: 'webhook',
      recheck: false,
      recheckToken: null,
      sourceTime: null,
      receivedAt: NOW,
      ...changes,
    });
    await this.settle();
    return this.wordsSince(before);
  }

  /** Lets time pass for the fetcher; answers what the trail says meanwhile. */
  async pass(ms: number): Promise<string[]> {
    const before = this.outcomes();
    await this.fetcher.advance(ms);
    await this.settle();
    return this.wordsSince(before);
  }

  /** The text messages so far. */
  texts() {
    return this.mapper.messages().filter(({ channel }) => channel === 'sms');
  }

  private async settle(): Promise<void> {
    await this.fetcher.settle();
    if (this.fetcher.fatalError) throw this.fetcher.fatalError;
    const records = this.fetcher.sent(topics.records);
    await this.mapper.take(...records.slice(this.told));
    this.told = records.length;
  }

  private outcomes(): readonly [readonly Outcome[], readonly Outcome[]] {
    return [this.fetcher.sent(topics.outcomes), this.mapper.outcomes()];
  }

  private wordsSince([fetched, mapped]: readonly [readonly Outcome[], readonly Outcome[]]): string[] {
    const [nowFetched, nowMapped] = this.outcomes();
    return [...nowFetched.slice(fetched.length), ...nowMapped.slice(mapped.length)].map(
      ({ step, status, reason }) => [step, status, reason].filter((word) => word !== null).join('/'),
    );
  }
}

/** An entity of a vendor's fixtures, with changes. */
export function fixtureOf(vendor: string, name: string, changes: object = {}): Record<string, unknown> {
  const file = new URL(`../../libs/vendors/${vendor}/fixtures/${name}.json`, import.meta.url);
  const { entity } = JSON.parse(readFileSync(file, 'utf8')) as { entity: object };
  return { ...entity, ...changes };
}

/** The vendor's source, with entities from a table and without polls. */
function readingFrom(
  source: VendorSource,
  find: (entityType: string, id: string) => string | undefined,
): VendorSource {
  const read = (entityType: string, entityId: string): RawEntity | 'gone' => {
    const json = find(entityType, entityId);
    return json === undefined ? 'gone' : { entityType, entityId, json, value: parseExactJson(json) };
  };
  return {
    ...source,
    entityTypes: source.entityTypes.map((plan) => ({ ...plan, pollIntervalMs: null })),
    fetchEntities: (_call, entityType, ids) =>
      Promise.resolve(new Map(ids.map((id) => [id, read(entityType, id)]))),
  };
}

/** What a ready flow says between its connections and its steps, and its steps. */
function partsOf(flow: string): { readonly head: string; readonly steps: string } {
  const yaml = readFileSync(new URL(`../../flows/${flow}.yaml`, import.meta.url), 'utf8');
  const [, head = '', steps = ''] = /\ntarget: .*\n([^]*?)\nsteps:([^]*)$/.exec(yaml) ?? [];
  return { head: head.trim(), steps };
}
