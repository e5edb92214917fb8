import { z } from 'zod';
import {
  databaseConfig,
  httpUrl,
  kafkaConfig,
  operatorConfig,
  optionalSecretVariable,
  parsedSecretVariable,
  registryConfig,
  Secret,
  serviceTokensConfig,
  variable,
} from '#libs/platform';
import { vendors } from '#libs/vendors';
import { MasterKeys } from './crypto/master-keys.js';

/** Keys and links of token-broker itself. */
export const brokerConfig = z.object({
  masterKeys: parsedSecretVariable(
    'LEDGERWIRE_MASTER_KEYS',
    'Keys that seal credentials as id:base64, separated by commas, current one first; 32 bytes each (openssl rand -base64 32)',
    z.string().transform((text, context) => {
      try {
        return MasterKeys.parse(text);
      } catch (error) {
        context.addIssue({
          code: 'custom',
          message: error instanceof Error ? error.message : 'cannot be read',
        });
        return z.NEVER;
      }
    }),
  ),
  connectLinks: variable(
    'LEDGERWIRE_CONNECT_LINKS',
    'signed: only links that an operator made begin to connect an account; open: everybody who knows a workspace may, for development',
    z.enum(['signed', 'open']).default('signed'),
  ),
  ingressUrl: variable(
    'INGRESS_PUBLIC_URL',
    'Under which vendors reach ingress; unset: webhook subscriptions that we make ourselves are not made, and polls do all the work',
    httpUrl().optional(),
  ),
});

/** What each vendor's manifest asks for: servers and credentials of our app, by the names of their variables. */
export const vendorVariables = z.object(
  Object.fromEntries(
    vendors.all.flatMap(({ manifest }) => [
      ...manifest.baseUrls.map(({ environmentVariable, key, production }) => [
        environmentVariable,
        variable(
          environmentVariable,
          `${manifest.name}, server "${key}"; ${production} when unset`,
          httpUrl().optional(),
        ),
      ]),
      ...manifest.appCredentials.map(({ environmentVariable, purpose }) => [
        environmentVariable,
        optionalSecretVariable(environmentVariable, `${manifest.name}: ${purpose} of our app there`),
      ]),
    ]),
  ) as Record<string, z.ZodType<string | Secret | undefined>>,
);

/** Configuration of token-broker; `PUBLIC_BASE_URL` is in the `http` slice that every service has. */
export const tokenBrokerConfig = z.object({
  database: databaseConfig,
  kafka: kafkaConfig,
  registry: registryConfig,
  services: serviceTokensConfig,
  operator: operatorConfig,
  broker: brokerConfig,
  vendors: vendorVariables,
});
