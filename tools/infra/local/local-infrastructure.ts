import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { assertPortsFree, freePorts } from '../../lib/ports.ts';
import { unexpectedExitError, endProcess, type StartedProcess } from '../../lib/processes.ts';
import { silentProgress, withStep } from '../../lib/progress.ts';
import { settleAll } from '../../lib/wait.ts';
import type {
  Infrastructure,
  InfrastructureOptions,
  InfrastructurePorts,
  InfrastructureProcess,
  InfrastructureService,
} from '../infrastructure.types.ts';
import { openLease, sweepLeases, type Lease } from '../leases.ts';
import { infrastructureClaims } from '../port-claims.ts';
import { databaseUrl, registryUrl } from '../registry-settings.ts';
import { databases } from '../versions.ts';
import { ensureArtifacts } from './artifacts.ts';
import { startLocalKafka } from './kafka.ts';
import { postgresAccount } from './postgres-account.ts';
import { dataFolderFor } from './postgres-folders.ts';
import { startLocalPostgres } from './postgres.ts';
import { requireJava, requireMaven } from './prerequisites.ts';
import { startLocalRegistry } from './registry.ts';
import type { StartWatch } from './start-watch.ts';

/** How each of them is asked to end, and how long it may take. PostgreSQL's SIGINT is its "fast" shutdown. */
const POLITE_END = {
  registry: { signal: 'SIGTERM', graceMs: 10_000 },
  kafka: { signal: 'SIGTERM', graceMs: 30_000 },
  postgres: { signal: 'SIGINT', graceMs: 15_000 },
} as const;

/** Whoever keeps no data need not be asked; PostgreSQL's SIGQUIT takes its child processes along. */
const QUICK_END = {
  registry: { signal: 'SIGKILL', graceMs: 5_000 },
  kafka: { signal: 'SIGKILL', graceMs: 5_000 },
  postgres: { signal: 'SIGQUIT', graceMs: 5_000 },
} as const;

/** What a start that was killed left is gone by then. */
const KILLED_BEFORE_MS = 10_000;

/** Runs Kafka, PostgreSQL and the registry as child processes of this one. */
export async function startLocalInfrastructure(options: InfrastructureOptions): Promise<Infrastructure> {
  const progress = options.progress ?? silentProgress;
  if (options.ports) await assertPortsFree(infrastructureClaims(options.ports), KILLED_BEFORE_MS);
  const prerequisites = {
    environment: options.environment,
    install: options.install ?? options.environment['LEDGERWIRE_INSTALL'] === '1',
    progress,
  };
  const javaCommand = await requireJava(prerequisites);
  const artifacts = await ensureArtifacts({
    libFolder: options.paths.lib,
    environment: options.environment,
    progress,
    findMaven: () => requireMaven(prerequisites),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const place = await preparePlace(options);
  const { ports, environment } = { ports: place.ports, environment: options.environment };
  const started = new Map<InfrastructureService, StartedProcess>();
  const watchOf = (service: InfrastructureService): StartWatch => ({
    onStarted: (process) => {
      started.set(service, process);
      place.lease?.note([...started.values()], place.outsideFolders);
      options.onProcess?.(describe(service, process, ports));
    },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const logFile = (service: InfrastructureService): string => join(place.logs, `${service}.log`);

  const kafka = withStep(progress, 'Kafka', async () => {
    const dataFolder = join(place.data, 'kafka');
    const settings = options.brokerSettings ?? {};
    await startLocalKafka({
      javaCommand,
      jarFolder: artifacts.kafkaFolder,
      dataFolder,
      logFile: logFile('kafka'),
      port: ports.kafka,
      controllerPort: ports.kafkaController,
      settings,
      environment,
      watch: watchOf('kafka'),
    });
  });
  const postgresThenRegistry = (async () => {
    await withStep(progress, 'PostgreSQL', async () => {
      const durable = options.lifetime === 'kept';
      const dataFolder = join(place.data, 'postgres');
      await startLocalPostgres({
        dataFolder,
        logFile: logFile('postgres'),
        port: ports.postgres,
        durable,
        environment,
        watch: watchOf('postgres'),
      });
    });
    await withStep(progress, 'Schema registry', async () => {
      await startLocalRegistry({
        javaCommand,
        jarFolder: artifacts.registryFolder,
        workFolder: place.data,
        logFile: logFile('registry'),
        port: ports.registry,
        postgresPort: ports.postgres,
        environment,
        watch: watchOf('registry'),
      });
    });
  })();

  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= stopAll(started, place, options.lifetime));
  try {
    await settleAll([kafka, postgresThenRegistry]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    runtime: 'local',
    kafkaBrokers: `127.0.0.1:${ports.kafka}`,
    registryUrl: registryUrl('127.0.0.1', ports.registry),
    databaseUrl: databaseUrl('127.0.0.1', ports.postgres, databases.product),
    processes: [...started].map(([service, process]) => describe(service, process, ports)),
    failed: watch([...started.values()], () => stopping !== undefined),
    stop,
  };
}

interface Place {
  readonly data: string;
  readonly logs: string;
  readonly ports: InfrastructurePorts;
  readonly lease?: Lease;
  /** Folders outside `data` that go with it. */
  readonly outsideFolders: readonly string[];
}

async function preparePlace(options: InfrastructureOptions): Promise<Place> {
  if (options.lifetime === 'disposable') {
    await sweepLeases(options.paths.testRuns);
    const lease = openLease(options.paths.testRuns);
    const place = { data: lease.folder, logs: lease.folder, ports: await anyPorts(), lease };
    return { ...place, outsideFolders: outsideFolders(lease.folder) };
  }
  if (options.ports === undefined) throw new Error('an infrastructure that is kept needs its ports');
  const { data, logs } = options.paths;
  if (options.fresh === true) {
    for (const folder of [data, ...outsideFolders(data)]) rmSync(folder, { recursive: true, force: true });
  }
  mkdirSync(data, { recursive: true });
  return { data, logs, ports: options.ports, outsideFolders: outsideFolders(data) };
}

function outsideFolders(data: string): string[] {
  const wanted = join(data, 'postgres');
  const used = dataFolderFor(wanted, postgresAccount());
  return used === wanted ? [] : [used];
}

async function anyPorts(): Promise<InfrastructurePorts> {
  const [kafka = 0, kafkaController = 0, registry = 0, postgres = 0] = await freePorts(4);
  return { kafka, kafkaController, registry, postgres };
}

async function stopAll(
  started: ReadonlyMap<InfrastructureService, StartedProcess>,
  place: Place,
  lifetime: InfrastructureOptions['lifetime'],
): Promise<void> {
  const manner = lifetime === 'kept' ? POLITE_END : QUICK_END;
  const end = async (service: InfrastructureService): Promise<void> => {
    const process = started.get(service);
    if (process !== undefined && process.exit() === undefined) await endProcess(process.pid, manner[service]);
  };
  // The registry holds connections to PostgreSQL and goes first.
  await end('registry');
  await Promise.all([end('kafka'), end('postgres')]);
  if (place.lease === undefined) return;
  for (const folder of place.outsideFolders) rmSync(folder, { recursive: true, force: true });
  place.lease.release();
}

function describe(
  service: InfrastructureService,
  process: StartedProcess,
  ports: InfrastructurePorts,
): InfrastructureProcess {
  const own = service === 'kafka' ? [ports.kafka, ports.kafkaController] : [ports[service]];
  const { pid, identity, logFile } = process;
  return { service, pid, ports: own, logFile, ...(identity === undefined ? {} : { identity }) };
}

function watch(processes: readonly StartedProcess[], isStopping: () => boolean): Promise<never> {
  const failed = new Promise<never>((_resolve, reject) => {
    const rejectUnlessStopping = async (process: StartedProcess): Promise<void> => {
      await process.exited;
      if (!isStopping()) reject(unexpectedExitError(process));
    };
    for (const process of processes) void rejectUnlessStopping(process);
  });
  // Whoever does not look at it must not be ended by an unhandled rejection.
  failed.catch(() => {});
  return failed;
}
