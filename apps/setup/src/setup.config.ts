import { z } from 'zod';
import {
  commaList,
  databaseConfig,
  kafkaConfig,
  registryConfig,
  variable,
  wholeNumber,
} from '#libs/platform';

const DEFAULT_CHAIN_PARTITIONS = 4;
const DEFAULT_WAIT_SECONDS = 120;

/** How topics are laid out. */
export const topicsConfig = z.object({
  chainPartitions: variable(
    'CHAIN_PARTITIONS',
    'Partitions of every topic of the chain, and so the most tasks a service can have; fixed once records are written',
    wholeNumber(1, 1_000).default(DEFAULT_CHAIN_PARTITIONS),
  ),
  replicationFactor: variable(
    'KAFKA_REPLICATION_FACTOR',
    'Copies of each partition of new topics; unset takes 3, or as many as there are brokers',
    wholeNumber(1, 100).optional(),
  ),
  minInsyncReplicas: variable(
    'KAFKA_MIN_INSYNC_REPLICAS',
    'Copies that must have a record before it counts as written; unset takes one less than the replication factor',
    wholeNumber(1, 100).optional(),
  ),
  vendors: variable(
    'ENABLED_VENDORS',
    'Ids of the vendors to prepare for; unset takes every vendor of the build',
    commaList().optional(),
  ),
});

/** Configuration of the setup job. */
export const setupConfig = z.object({
  kafka: kafkaConfig,
  registry: registryConfig,
  database: databaseConfig,
  topics: topicsConfig,
  waitSeconds: variable(
    'SETUP_WAIT_SECONDS',
    'How long to wait for Kafka, the registry and PostgreSQL to answer',
    wholeNumber(0, 3_600).default(DEFAULT_WAIT_SECONDS),
  ),
});

/** {@link setupConfig} as loaded. */
export type SetupConfig = z.output<typeof setupConfig>;
