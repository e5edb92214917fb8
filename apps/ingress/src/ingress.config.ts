import { z } from 'zod';
import {
  kafkaConfig,
  optionalSecretVariable,
  registryConfig,
  tokenBrokerClientConfig,
  variable,
  wholeNumber,
} from '#libs/platform';

const MEGABYTE = 1_048_576;

/** How ingress takes webhooks in. */
export const intakeConfig = z.object({
  maxPendingBytes: variable(
    'INGRESS_MAX_PENDING_BYTES',
    'Bodies that wait for the brokers hold at most so many bytes together; more webhooks are answered 503 at once',
    wholeNumber(MEGABYTE, 4_096 * MEGABYTE).default(64 * MEGABYTE),
  ),
  uploadTimeoutMs: variable(
    'INGRESS_UPLOAD_TIMEOUT_MS',
    'Longest time for one request to arrive whole; then 408',
    wholeNumber(1_000, 60_000).default(10_000),
  ),
  keysMaxAgeMs: variable(
    'INGRESS_KEYS_MAX_AGE_MS',
    'Verification keys older than this are asked for again in the background',
    wholeNumber(1_000, 3_600_000).default(60_000),
  ),
  requeueToken: optionalSecretVariable(
    'INGRESS_REQUEUE_TOKEN',
    'Bearer token by which ingress knows console, which hands in again what was set aside; unset lets nobody',
  ),
});

/** Configuration of ingress; `PUBLIC_BASE_URL` is in the `http` slice that every service has. */
export const ingressConfig = z.object({
  kafka: kafkaConfig,
  registry: registryConfig,
  tokenBroker: tokenBrokerClientConfig,
  intake: intakeConfig,
});
