import type { ServiceDefinition } from '#libs/platform';
import { StreamsServer } from '#libs/streams';
import { twilioSenderConfig } from './twilio-sender.config.js';
import { TwilioSenderModule } from './twilio-sender.module.js';

/** twilio-sender as it runs; `main.ts` starts it, and tests start it in their own process. */
export const twilioSenderService: ServiceDefinition<typeof twilioSenderConfig> = {
  name: 'twilio-sender',
  config: twilioSenderConfig,
  module: (context) => TwilioSenderModule.forContext(context),
  strategies: (app) => [app.get(StreamsServer)],
};
