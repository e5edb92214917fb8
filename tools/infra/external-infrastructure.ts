import { UserError } from '../lib/user-error.ts';
import type { Infrastructure } from './infrastructure.types.ts';
import { probeKafka } from './kafka-probe.ts';
import { probePostgres, probeRegistry } from './probes.ts';

/**
 * Uses a Kafka, registry and PostgreSQL that somebody else started: KAFKA_BROKERS, SCHEMA_REGISTRY_URL, DATABASE_URL.
 *
 * @throws UserError that names every variable that is missing or whose service does not answer.
 */
export async function connectExternalInfrastructure(environment: NodeJS.ProcessEnv): Promise<Infrastructure> {
  const urls = {
    kafkaBrokers: environment['KAFKA_BROKERS'] ?? '',
    registryUrl: environment['SCHEMA_REGISTRY_URL'] ?? '',
    databaseUrl: environment['DATABASE_URL'] ?? '',
  };
  const [host = '', port = ''] = (urls.kafkaBrokers.split(',')[0] ?? '').split(':');
  const answers = {
    KAFKA_BROKERS: await probeKafka(host, Number(port)),
    SCHEMA_REGISTRY_URL: await probeRegistry(urls.registryUrl),
    DATABASE_URL: await probePostgres(urls.databaseUrl),
  };
  const silent = Object.entries(answers).flatMap(([name, ok]) => (ok ? [] : [name]));
  if (silent.length > 0) {
    throw new UserError(
      `LEDGERWIRE_INFRASTRUCTURE=external, but nothing answers at ${silent.join(', ')}: set each to a running service`,
    );
  }
  return {
    ...urls,
    runtime: 'external',
    processes: [],
    failed: new Promise<never>(() => {}),
    stop: async () => {},
  };
}
