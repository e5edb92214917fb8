import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { startProcess, type StartedProcess } from '../../lib/processes.ts';
import { probeRegistry } from '../probes.ts';
import { registryEnvironment, registryUrl } from '../registry-settings.ts';
import { waitUntilReady, type StartWatch } from './start-watch.ts';

export interface LocalRegistryOptions {
  readonly javaCommand: string;
  readonly jarFolder: string;
  readonly workFolder: string;
  readonly logFile: string;
  readonly port: number;
  readonly postgresPort: number;
  readonly environment: NodeJS.ProcessEnv;
  readonly watch: StartWatch;
}

/**
 * A registry serves a few requests at start and then idles. The first compiler tier and the serial collector start it
 * faster (2.3 s instead of 3.0 s here) and keep it smaller.
 */
const JVM_FLAGS = [
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-XX:+ExitOnOutOfMemoryError',
  '-Djava.awt.headless=true',
];

/** Starts Apicurio Registry over its database in PostgreSQL and waits until the Confluent API answers. */
export async function startLocalRegistry(options: LocalRegistryOptions): Promise<StartedProcess> {
  const registry = await startProcess({
    name: 'registry',
    command: options.javaCommand,
    args: [...JVM_FLAGS, '-jar', join(options.jarFolder, runnerJar(options.jarFolder))],
    environment: {
      ...options.environment,
      ...registryEnvironment({ host: '127.0.0.1', port: options.postgresPort }),
      QUARKUS_HTTP_HOST: '127.0.0.1',
      QUARKUS_HTTP_PORT: String(options.port),
    },
    workingDirectory: options.workFolder,
    logFile: options.logFile,
  });
  await waitUntilReady(registry, () => probeRegistry(registryUrl('127.0.0.1', options.port)), options.watch);
  return registry;
}

function runnerJar(folder: string): string {
  const jar = readdirSync(folder).find((name) => name.endsWith('-runner.jar'));
  if (jar === undefined)
    throw new Error(`no runner jar in ${folder}; delete that folder, the next start fetches it again`);
  return jar;
}
