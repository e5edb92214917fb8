import { z } from 'zod';
import {
  httpUrl,
  kafkaConfig,
  registryConfig,
  stateConfig,
  tokenBrokerClientConfig,
  variable,
  wholeNumber,
} from '#libs/platform';
import { vendors } from '#libs/vendors';

/** The vendor whose messages this service sends. */
export const messagingVendor = vendors.get('twilio');

/** How doubtful sends are settled. */
export const reconciliationConfig = z.object({
  graceMs: variable(
    'SENDER_RECONCILE_GRACE_MS',
    'How long after a call its absence from the list of messages shows nothing; what the vendor needs when unset',
    wholeNumber(1_000, 3_600_000).optional(),
  ),
});

/** The vendor's servers, by the variables that its manifest names. */
export const vendorUrlsConfig = z.object(
  Object.fromEntries(
    messagingVendor.manifest.baseUrls.map(({ environmentVariable, key, production }) => [
      environmentVariable,
      variable(
        environmentVariable,
        `${messagingVendor.manifest.name}, server "${key}"; ${production} when unset`,
        httpUrl().optional(),
      ),
    ]),
  ) as Record<string, z.ZodType<string | undefined>>,
);

/** Configuration of twilio-sender; `PUBLIC_BASE_URL` (of ingress, for callbacks) is in the `http` slice that every service has. */
export const twilioSenderConfig = z.object({
  kafka: kafkaConfig,
  registry: registryConfig,
  state: stateConfig,
  tokenBroker: tokenBrokerClientConfig,
  reconciliation: reconciliationConfig,
  vendorUrls: vendorUrlsConfig,
});
