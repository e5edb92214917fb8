import type { ServiceDefinition } from '#libs/platform';
import { StreamsServer } from '#libs/streams';
import { mapperConfig } from './mapper.config.js';
import { MapperModule } from './mapper.module.js';

/** mapper as it runs; `main.ts` starts it, and tests start it in their own process. */
export const mapperService: ServiceDefinition<typeof mapperConfig> = {
  name: 'mapper',
  config: mapperConfig,
  module: (context) => MapperModule.forContext(context),
  strategies: (app) => [app.get(StreamsServer)],
};
