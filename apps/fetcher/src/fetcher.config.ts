import { z } from 'zod';
import {
  httpUrl,
  kafkaConfig,
  registryConfig,
  stateConfig,
  tokenBrokerClientConfig,
  variable,
} from '#libs/platform';
import { vendors } from '#libs/vendors';

const sources = vendors.all.filter(({ source }) => source !== undefined);
const sourceIds = sources.map(({ manifest }) => manifest.id);

/** The servers of every vendor that books are read from, by the variables that the manifests name. */
export const vendorUrlsConfig = z.object(
  Object.fromEntries(
    sources.flatMap(({ manifest }) =>
      manifest.baseUrls.map(({ environmentVariable, key, production }) => [
        environmentVariable,
        variable(
          environmentVariable,
          `${manifest.name}, server "${key}"; ${production} when unset`,
          httpUrl().optional(),
        ),
      ]),
    ),
  ) as Record<string, z.ZodType<string | undefined>>,
);

/** Which vendor this process reads from. */
export const sourceConfig = z.object({
  vendor: variable(
    'FETCHER_VENDOR',
    `Id of the vendor whose books this process reads: ${sourceIds.join(', ')}`,
    z.enum(sourceIds, { error: `must be one of ${sourceIds.join(', ')}` }),
  ),
});

/** Configuration of fetcher. */
export const fetcherConfig = z.object({
  kafka: kafkaConfig,
  registry: registryConfig,
  state: stateConfig,
  tokenBroker: tokenBrokerClientConfig,
  source: sourceConfig,
  vendorUrls: vendorUrlsConfig,
});
