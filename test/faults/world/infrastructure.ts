import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BrokerSettings } from '../../../tools/infra/broker-settings.ts';
import { openLease, sweepLeases } from '../../../tools/infra/leases.ts';
import { ensureArtifacts } from '../../../tools/infra/local/artifacts.ts';
import { startLocalKafka } from '../../../tools/infra/local/kafka.ts';
import { postgresAccount } from '../../../tools/infra/local/postgres-account.ts';
import { dataFolderFor } from '../../../tools/infra/local/postgres-folders.ts';
import { startLocalPostgres } from '../../../tools/infra/local/postgres.ts';
import { requireJava, requireMaven } from '../../../tools/infra/local/prerequisites.ts';
import { startLocalRegistry } from '../../../tools/infra/local/registry.ts';
import { databaseUrl, registryUrl } from '../../../tools/infra/registry-settings.ts';
import { databases } from '../../../tools/infra/versions.ts';
import { statePaths } from '../../../tools/lib/paths.ts';
import { freePorts } from '../../../tools/lib/ports.ts';
import type { StartedProcess } from '../../../tools/lib/processes.ts';
import { type Progress, withStep } from '../../../tools/lib/progress.ts';
import { settleAll } from '../../../tools/lib/wait.ts';
import { FaultProxy } from '../proxy/fault-proxy.ts';
import { http, kafka as kafkaProtocol } from '../proxy/protocol.ts';
import { InfraProcess } from './infra-process.ts';

/** Kafka, registry and PostgreSQL as processes that can be broken, each behind a proxy that can break its connections. */
export interface FaultyInfrastructure {
  readonly folder: string;
  readonly kafka: InfraProcess;
  readonly registry: InfraProcess;
  readonly postgres: InfraProcess;
  readonly kafkaProxy: FaultProxy;
  readonly registryProxy: FaultProxy;
  readonly postgresProxy: FaultProxy;
  /** What services are told: the proxies. */
  readonly environment: Readonly<Record<string, string>>;
  /** Without the proxies, for whoever checks. */
  readonly direct: {
    readonly kafkaBrokers: string;
    readonly registryUrl: string;
    readonly databaseUrl: string;
  };
  stop(): Promise<void>;
}

/** Starts all three from empty data. Local processes only: Java and Maven, or what an earlier start has downloaded. */
export async function startFaultyInfrastructure(
  environment: NodeJS.ProcessEnv,
  progress: Progress,
): Promise<FaultyInfrastructure> {
  const paths = statePaths();
  await sweepLeases(paths.testRuns);
  const lease = openLease(paths.testRuns);
  const { folder } = lease;
  const postgresFolder = join(folder, 'postgres');
  const outside = [dataFolderFor(postgresFolder, postgresAccount())].filter(
    (used) => used !== postgresFolder,
  );
  const javaCommand = await requireJava({ environment, install: false, progress });
  const artifacts = await ensureArtifacts({
    libFolder: paths.lib,
    environment,
    progress,
    findMaven: () => requireMaven({ environment, install: false, progress }),
  });
  const [kafkaPort = 0, internal = 0, controller = 0, registryPort = 0, postgresPort = 0] =
    await freePorts(5);
  const kafkaProxy = await FaultProxy.start({ targetPort: kafkaPort, protocol: kafkaProtocol });
  const registryProxy = await FaultProxy.start({ targetPort: registryPort, protocol: http });
  const postgresProxy = await FaultProxy.start({ targetPort: postgresPort });

  const running = new Map<string, StartedProcess>();
  const noting =
    (name: string, onStarted: (process: StartedProcess) => void) =>
    (process: StartedProcess): void => {
      running.set(name, process);
      lease.note([...running.values()], outside);
      onStarted(process);
    };
  const logFile = (name: string): string => join(folder, `${name}.log`);
  const kafka = new InfraProcess(
    'kafka',
    (onStarted) =>
      startLocalKafka({
        javaCommand,
        jarFolder: artifacts.kafkaFolder,
        dataFolder: join(folder, 'kafka'),
        logFile: logFile('kafka'),
        port: kafkaPort,
        controllerPort: controller,
        settings: listenersBehind(kafkaProxy.port, kafkaPort, internal, controller),
        environment,
        watch: { onStarted: noting('kafka', onStarted) },
      }),
    'SIGTERM',
  );
  const postgres = new InfraProcess(
    'postgres',
    (onStarted) =>
      startLocalPostgres({
        dataFolder: postgresFolder,
        logFile: logFile('postgres'),
        port: postgresPort,
        // As in production: what was committed outlives a kill.
        durable: true,
        environment,
        watch: { onStarted: noting('postgres', onStarted) },
      }),
    'SIGINT',
  );
  const registry = new InfraProcess(
    'registry',
    (onStarted) =>
      startLocalRegistry({
        javaCommand,
        jarFolder: artifacts.registryFolder,
        workFolder: folder,
        logFile: logFile('registry'),
        port: registryPort,
        postgresPort,
        environment,
        watch: { onStarted: noting('registry', onStarted) },
      }),
    'SIGTERM',
  );

  const stop = async (): Promise<void> => {
    for (const process of [registry, kafka, postgres]) {
      process.resume();
      await process.kill();
    }
    await Promise.all([kafkaProxy, registryProxy, postgresProxy].map((proxy) => proxy.close()));
    for (const used of outside) rmSync(used, { recursive: true, force: true });
    lease.release();
  };
  try {
    await settleAll([
      withStep(progress, 'Kafka behind a proxy', () => kafka.start()),
      withStep(progress, 'PostgreSQL and registry behind proxies', async () => {
        await postgres.start();
        await registry.start();
      }),
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    folder,
    kafka,
    registry,
    postgres,
    kafkaProxy,
    registryProxy,
    postgresProxy,
    environment: {
      LEDGERWIRE_INFRASTRUCTURE: 'external',
      KAFKA_BROKERS: `127.0.0.1:${kafkaProxy.port}`,
      SCHEMA_REGISTRY_URL: registryUrl('127.0.0.1', registryProxy.port),
      DATABASE_URL: databaseUrl('127.0.0.1', postgresProxy.port, databases.product),
    },
    direct: {
      kafkaBrokers: `127.0.0.1:${internal}`,
      registryUrl: registryUrl('127.0.0.1', registryPort),
      databaseUrl: databaseUrl('127.0.0.1', postgresPort, databases.product),
    },
    stop,
  };
}

/** Clients are sent to the proxy; the broker talks to itself (transaction markers) and to whoever checks past it. */
function listenersBehind(proxy: number, port: number, internal: number, controller: number): BrokerSettings {
  const at = (name: string, number: number): string => `${name}://127.0.0.1:${number}`;
  return {
    listeners: [at('PLAINTEXT', port), at('INTERNAL', internal), at('CONTROLLER', controller)].join(','),
    'advertised.listeners': [at('PLAINTEXT', proxy), at('INTERNAL', internal)].join(','),
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'INTERNAL',
  };
}
