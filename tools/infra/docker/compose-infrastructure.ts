import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { repositoryRoot } from '../../lib/paths.ts';
import { assertPortsFree, isPortFree, type PortClaim } from '../../lib/ports.ts';
import { silentProgress, withStep } from '../../lib/progress.ts';
import { UserError } from '../../lib/user-error.ts';
import { waitFor } from '../../lib/wait.ts';
import type {
  Infrastructure,
  InfrastructureOptions,
  InfrastructurePorts,
  InfrastructureProcess,
} from '../infrastructure.types.ts';
import { infrastructureClaims } from '../port-claims.ts';
import { probeKafka } from '../kafka-probe.ts';
import { probePostgres, probeRegistry } from '../probes.ts';
import { databaseUrl, registryUrl } from '../registry-settings.ts';
import { databases } from '../versions.ts';

const PROJECT = 'ledgerwire';
const USUAL_KAFKA_PORT = 4492;
/** The engine's proxies let go of ports a moment after their containers have ended. */
const STOPPED_BEFORE_MS = 5_000;
const COMPOSE_FILE = join(repositoryRoot, 'docker-compose.yml');

/** The environment variables by which docker-compose.yml learns its ports. */
export function composePorts(ports: InfrastructurePorts): Record<string, string> {
  return {
    LEDGERWIRE_KAFKA_PORT: String(ports.kafka),
    LEDGERWIRE_REGISTRY_PORT: String(ports.registry),
    LEDGERWIRE_POSTGRES_PORT: String(ports.postgres),
  };
}

/**
 * Two systems on one machine differ by their ports, and must not share containers and volumes. With the ports of
 * docker-compose.yml itself it is the project that `docker compose` by hand works on.
 */
export function composeProject({ kafka }: Pick<InfrastructurePorts, 'kafka'>): string {
  return kafka === USUAL_KAFKA_PORT ? PROJECT : `${PROJECT}-${kafka}`;
}

/**
 * Runs the profile `core` of docker-compose.yml. Stopping keeps the volumes, `fresh` removes them first. What a person
 * started beside it (the profiles `tools` and `observability`) is left alone.
 */
export async function startComposeInfrastructure(options: InfrastructureOptions): Promise<Infrastructure> {
  const { ports } = options;
  if (ports === undefined) throw new Error('an infrastructure that is kept needs its ports');
  const progress = options.progress ?? silentProgress;
  const environment = {
    ...options.environment,
    ...composePorts(ports),
    COMPOSE_PROJECT_NAME: composeProject(ports),
  };
  const compose = (args: readonly string[], onLine: (line: string) => void = () => {}): Promise<void> =>
    runCompose(args, environment, onLine, options.signal);

  const stop = (): Promise<void> => runCompose(['stop', '--timeout', '20'], environment, () => {});
  const { kafka, registry, postgres } = ports;
  const claims = infrastructureClaims({ kafka, registry, postgres });
  if (options.fresh === true) {
    await withStep(progress, 'Old containers and their data', () =>
      compose(['down', '--volumes', '--timeout', '10']),
    );
  } else if (!(await areFree(claims))) {
    // A start that was killed leaves its containers running.
    await withStep(progress, 'Containers of an earlier start', () => compose(['stop', '--timeout', '20']));
  }
  await assertPortsFree(claims, STOPPED_BEFORE_MS);
  let logIdentity: string;
  try {
    await withStep(progress, 'Kafka, PostgreSQL and schema registry (containers)', async (step) => {
      await compose(['up', '--detach', '--wait'], (line) => step.detail(line)).catch(withWhatHelps);
      await waitUntilAllAnswer(ports);
    });
    logIdentity = await readLogIdentity(environment, options.signal);
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
  return {
    runtime: 'docker',
    kafkaBrokers: `127.0.0.1:${ports.kafka}`,
    registryUrl: registryUrl('127.0.0.1', ports.registry),
    databaseUrl: databaseUrl('127.0.0.1', ports.postgres, databases.product),
    processes: describe(ports),
    logIdentity,
    failed: new Promise<never>(() => {}),
    stop,
  };
}

/** A newer Kafka's data is read by no older one, and its container only ends and is started again. */
function withWhatHelps(error: unknown): never {
  if (!(error instanceof UserError)) throw error;
  throw new UserError(
    `${error.message}\n"docker compose logs" says more. Data of another release that cannot be read is replaced by "npm start -- --fresh".`,
    { cause: error },
  );
}

async function areFree(claims: readonly PortClaim[]): Promise<boolean> {
  const free = await Promise.all(claims.map(({ port }) => isPortFree(port)));
  return free.every(Boolean);
}

async function waitUntilAllAnswer(ports: InfrastructurePorts): Promise<void> {
  const probes = {
    'the Kafka broker': () => probeKafka('127.0.0.1', ports.kafka),
    'the schema registry': () => probeRegistry(registryUrl('127.0.0.1', ports.registry)),
    PostgreSQL: () => probePostgres(databaseUrl('127.0.0.1', ports.postgres, databases.product)),
  };
  for (const [what, probe] of Object.entries(probes)) {
    await waitFor(probe, { what: `an answer of ${what}`, timeoutMs: 60_000 });
  }
}

function describe(ports: InfrastructurePorts): InfrastructureProcess[] {
  return (['kafka', 'registry', 'postgres'] as const).map((service) => ({
    service,
    container: `${composeProject(ports)}-${service}-1`,
    ports: [ports[service]],
  }));
}

/**
 * The id that Kafka gave to its folder when it formatted it: another one for every volume, also for one of the same name that came
 * after `docker compose down --volumes`. Where the container does not show it, a new one: then nothing is taken for this log's.
 *
 * @throws the signal's reason when aborted.
 */
export async function readLogIdentity(environment: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<string> {
  let found: string | undefined;
  const onLine = (line: string): void => {
    found ??= /^directory\.id=([\w-]+)$/.exec(line)?.[1];
  };
  const read = ['exec', '-T', 'kafka', 'cat', '/var/lib/kafka/data/meta.properties'];
  await runCompose(read, environment, onLine, signal).catch(() => signal?.throwIfAborted());
  return found ?? randomUUID();
}

/** Runs `docker compose` on the profile `core`, giving each line that it prints to `onLine`. */
async function runCompose(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  onLine: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const base = ['compose', '--file', COMPOSE_FILE, '--profile', 'core', '--progress', 'plain'];
  const child = spawn('docker', [...base, ...args], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal === undefined ? {} : { signal }),
  });
  const lines: string[] = [];
  const read = async (stream: NodeJS.ReadableStream): Promise<void> => {
    for await (const line of createInterface({ input: stream })) {
      lines.push(line);
      onLine(line.trim());
    }
  };
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code));
  });
  const [code] = await Promise.all([ended, read(child.stdout), read(child.stderr)]);
  if (code === 0) return;
  throw new UserError(`"docker compose ${args.join(' ')}" failed:\n${lines.slice(-8).join('\n')}`);
}
