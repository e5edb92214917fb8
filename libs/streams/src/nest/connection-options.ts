import type { kafkaConfig, registryConfig } from '#libs/platform';
import type { z } from 'zod';
import type { RegistryOptions } from '../codec/registry-codec.js';
import type { KafkaConnectionOptions } from '../kafka/kafka-client.js';

/** How to reach the brokers, from the configuration that every service of the log has. */
export function kafkaOptionsOf(
  config: z.output<typeof kafkaConfig>,
): Omit<KafkaConnectionOptions, 'clientId' | 'onLog'> {
  const { brokers, ssl, saslMechanism, saslUsername, saslPassword } = config;
  if (saslUsername === undefined) return { brokers, ssl };
  const sasl = { mechanism: saslMechanism, username: saslUsername, password: saslPassword?.reveal() ?? '' };
  // The three mechanisms take the same fields; kafkajs's types tell them apart by the literal.
  return { brokers, ssl, sasl };
}

/** How to reach the schema registry, from the configuration that every service of the log has. */
export function registryOptionsOf(config: z.output<typeof registryConfig>): RegistryOptions {
  return { url: config.url, username: config.username, password: config.password?.reveal() };
}
