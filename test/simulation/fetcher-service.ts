import { Registry } from 'prom-client';
import { changeNoticesOf, type Connection, contactWishesOf, topics } from '#libs/contracts';
import { silentLogger } from '#libs/platform';
import type { ServiceDescription, SimulatedProcess, SimulatedWorld } from '#libs/streams';
import { noVendorMetrics, VendorRuntime } from '#libs/vendor-kit';
import { EntityLoader } from '../../apps/fetcher/src/entity-loader.js';
import { FetcherMetrics } from '../../apps/fetcher/src/fetcher.metrics.js';
import { FetcherPipeline } from '../../apps/fetcher/src/fetcher.pipeline.js';
import { defaultFetcherSettings, type FetcherTools } from '../../apps/fetcher/src/fetcher-tools.js';
import { slowGroup } from './sender-service.js';
import { BOOKS_URL, booksVendor, type PollStyle } from './vendors/books-vendor.js';
import { type SimulatedLedger, watchedTransport } from './vendors/simulated-ledger.js';

/** Consumer group and prefix of the state topics, as in production. */
export const FETCHER = 'fetcher-books';

const metrics = new FetcherMetrics(new Registry());

/** fetcher with its real pipeline, loader and vendor runtime, against simulated books. */
export function fetcherService(
  world: SimulatedWorld,
  ledger: SimulatedLedger,
  connections: ReadonlyMap<string, Connection>,
): ServiceDescription {
  const style = world.chance.pick(['whole', 'listed'] as const);
  return {
    name: FETCHER,
    replicas: world.chance.between(1, 2),
    group: slowGroup,
    settings: { commitLingerMs: world.chance.pick([0, 5]) },
    bindings: {
      [topics.changeNotices.name]: changeNoticesOf('books'),
      [topics.contactWishes.name]: contactWishesOf('books'),
    },
    handlers: (process) => [new FetcherPipeline(toolsFor({ world, ledger, connections, style, process }))],
  };
}

function toolsFor(parts: {
  readonly world: SimulatedWorld;
  readonly ledger: SimulatedLedger;
  readonly connections: ReadonlyMap<string, Connection>;
  readonly style: PollStyle;
  readonly process: SimulatedProcess;
}): FetcherTools {
  const { world, ledger, connections, style, process } = parts;
  const vendor = booksVendor(style);
  const { source } = vendor;
  const runtime = new VendorRuntime({
    vendor,
    baseUrls: { api: BOOKS_URL },
    transport: watchedTransport(ledger, process, world),
    tokens: {
      accessToken: () => Promise.reject(new Error('the books take keys')),
      rejectAccessToken: () => undefined,
      credentials: () => Promise.resolve({ accountId: '', credentials: {} }),
      rejectCredentials: () => undefined,
    },
    clock: process.clock,
    metrics: noVendorMetrics,
  });
  process.onEnd(() => runtime.dispose());
  return {
    vendor,
    source,
    contactWishes: undefined,
    connections,
    loader: new EntityLoader({
      source,
      connectionOf: (connectionId) => connections.get(connectionId),
      callFor: (connection) => runtime.callFor(connection),
    }),
    settings: defaultFetcherSettings,
    metrics,
    logger: silentLogger,
    callFor: (connection, options) => runtime.callFor(connection, options),
  };
}
