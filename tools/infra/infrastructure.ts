import type { Infrastructure, InfrastructureOptions } from './infrastructure.types.ts';
import { connectExternalInfrastructure } from './external-infrastructure.ts';
import { startLocalInfrastructure } from './local/local-infrastructure.ts';
import { chooseRuntime } from './runtime.ts';

export type {
  Infrastructure,
  InfrastructureOptions,
  InfrastructurePorts,
  InfrastructureProcess,
  InfrastructureUrls,
} from './infrastructure.types.ts';

/**
 * Brings up Kafka, the schema registry and PostgreSQL and waits until all three answer their own protocol. In Docker
 * where an engine answers, else as local processes (Java and Maven needed), else not at all.
 *
 * @throws UserError with one sentence that says what to do, when the machine lacks something or a port is taken.
 */
export async function startInfrastructure(options: InfrastructureOptions): Promise<Infrastructure> {
  const kept = options.lifetime === 'kept';
  const runtime = await chooseRuntime(options.environment, kept);
  if (runtime === 'external') return connectExternalInfrastructure(options.environment);
  if (runtime === 'local') return startLocalInfrastructure(options);
  // Loaded only when needed: testcontainers is large.
  if (kept) return (await import('./docker/compose-infrastructure.ts')).startComposeInfrastructure(options);
  return (await import('./docker/container-infrastructure.ts')).startContainerInfrastructure(options);
}
