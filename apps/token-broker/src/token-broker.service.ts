import type { ServiceDefinition } from '#libs/platform';
import { tokenBrokerConfig } from './token-broker.config.js';
import { TokenBrokerModule } from './token-broker.module.js';

/** token-broker as a service: `main.ts` runs it, tests start it inside their own process. */
export const tokenBrokerService: ServiceDefinition<typeof tokenBrokerConfig> = {
  name: 'token-broker',
  config: tokenBrokerConfig,
  module: (context) => TokenBrokerModule.forContext(context),
};
