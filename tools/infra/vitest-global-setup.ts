import type { TestProject } from 'vitest/node';
import { statePaths } from '../lib/paths.ts';
import { startInfrastructure, type Infrastructure, type InfrastructureUrls } from './infrastructure.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Real Kafka, schema registry and PostgreSQL; there in the projects `integration` and `e2e` only. */
    infrastructure: InfrastructureUrls;
  }
}

/** The one infrastructure of this vitest process and how many projects use it. */
interface Shared {
  started: Promise<Infrastructure>;
  users: number;
}

/** Vitest loads this file anew for each project; the process is what they have in common. */
const SHARED = Symbol.for('ledgerwire.test-infrastructure');
const holder = globalThis as { [SHARED]?: Shared };

/**
 * Vitest calls this when the first spec of a project is about to run. The first project brings the infrastructure up, the
 * next one shares it, the last one out ends it.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const shared = (holder[SHARED] ??= {
    started: startInfrastructure({ lifetime: 'disposable', paths: statePaths(), environment: process.env }),
    users: 0,
  });
  shared.users += 1;
  const { kafkaBrokers, registryUrl, databaseUrl } = await shared.started;
  project.provide('infrastructure', { kafkaBrokers, registryUrl, databaseUrl });
  return async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    delete holder[SHARED];
    await (await shared.started).stop();
  };
}
