import { z } from 'zod';
import {
  commaList,
  flag,
  httpUrl,
  optionalSecretVariable,
  secretVariable,
  variable,
  wholeNumber,
} from './variables.js';

const DEFAULT_BODY_LIMIT_BYTES = 1_048_576;

/** Where a service listens. Loopback unless told otherwise; in a container set `HOST=0.0.0.0`. */
export const httpConfig = z.object({
  port: variable('PORT', 'Port to listen on; 0 takes any free one', wholeNumber(0, 65_535)),
  host: variable('HOST', 'Address to listen on; 0.0.0.0 in a container', z.string().default('127.0.0.1')),
  publicBaseUrl: variable(
    'PUBLIC_BASE_URL',
    'Scheme, host and path prefix under which others reach this service, e.g. through a proxy',
    httpUrl().optional(),
  ),
  bodyLimitBytes: variable(
    'HTTP_BODY_LIMIT_BYTES',
    'Largest request body; a larger one is answered 413',
    wholeNumber(1_024, 104_857_600).default(DEFAULT_BODY_LIMIT_BYTES),
  ),
});

/** The brokers. With a user name, SASL is used. */
export const kafkaConfig = z
  .object({
    brokers: variable('KAFKA_BROKERS', 'Bootstrap brokers as host:port, separated by commas', hostPorts()),
    ssl: variable('KAFKA_SSL', 'Connect to the brokers with TLS', flag(false)),
    saslMechanism: variable(
      'KAFKA_SASL_MECHANISM',
      'plain, scram-sha-256 or scram-sha-512',
      z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).default('scram-sha-512'),
    ),
    saslUsername: variable(
      'KAFKA_SASL_USERNAME',
      'User at the brokers; unset means no SASL',
      z.string().optional(),
    ),
    saslPassword: optionalSecretVariable('KAFKA_SASL_PASSWORD', "The user's password"),
  })
  .superRefine((kafka, context) => {
    if (kafka.saslUsername !== undefined && kafka.saslPassword === undefined)
      context.addIssue({
        code: 'custom',
        path: ['saslPassword'],
        message: 'is needed because KAFKA_SASL_USERNAME is set',
      });
    if (kafka.saslUsername === undefined && kafka.saslPassword !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['saslUsername'],
        message: 'is needed because KAFKA_SASL_PASSWORD is set',
      });
  });

/** The schema registry (Confluent API). */
export const registryConfig = z.object({
  url: variable('SCHEMA_REGISTRY_URL', 'Base URL of the Confluent API of the schema registry', httpUrl()),
  username: variable(
    'SCHEMA_REGISTRY_USERNAME',
    'User at the registry; unset means none',
    z.string().optional(),
  ),
  password: optionalSecretVariable('SCHEMA_REGISTRY_PASSWORD', "The registry user's password"),
});

/** Local files of large state stores: caches of changelogs, which may be deleted while the service is down. */
export const stateConfig = z.object({
  folder: variable(
    'LEDGERWIRE_STATE_FOLDER',
    "Folder of this process's own for the local files of large state stores; unset keeps all state in memory",
    z.string().min(1).optional(),
  ),
});

/** PostgreSQL. The whole URL is a secret, since it holds the password. */
export const databaseConfig = z.object({
  url: secretVariable('DATABASE_URL', 'postgres://user:password@host:port/database'),
  poolSize: variable(
    'DATABASE_POOL_SIZE',
    'Most connections to PostgreSQL at a time',
    wholeNumber(1, 200).default(5),
  ),
});

/** How a service asks token-broker for access tokens. */
export const tokenBrokerClientConfig = z.object({
  url: variable('TOKEN_BROKER_URL', 'Base URL of token-broker', httpUrl()),
  serviceToken: secretVariable(
    'LEDGERWIRE_SERVICE_TOKEN',
    'Bearer token by which token-broker knows this service',
  ),
});

/** The log and the name of this process in it. `runService` adds this slice by itself. */
export const logConfig = z.object({
  level: variable(
    'LOG_LEVEL',
    'trace, debug, info, warn, error, fatal or silent',
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  ),
  instance: variable(
    'INSTANCE',
    'Name of this process among those of the same service; the host name when unset',
    z.string().optional(),
  ),
});

function hostPorts(): z.ZodType<readonly string[], string> {
  return commaList().refine(
    (entries) => entries.every((entry) => /^[^\s:/@]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/.test(entry)),
    { error: 'must be host:port, separated by commas' },
  );
}
