import type { ServiceDefinition } from '#libs/platform';
import { StreamsServer } from '#libs/streams';
import { fetcherConfig } from './fetcher.config.js';
import { FetcherModule } from './fetcher.module.js';

/** fetcher as it runs; `main.ts` starts it, and tests start it in their own process. */
export const fetcherService: ServiceDefinition<typeof fetcherConfig> = {
  name: 'fetcher',
  config: fetcherConfig,
  module: (context) => FetcherModule.forContext(context),
  strategies: (app) => [app.get(StreamsServer)],
};
