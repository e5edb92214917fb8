import { PostgreSqlContainer } from '@testcontainers/postgresql';
import {
  GenericContainer,
  getContainerRuntimeClient,
  Network,
  Wait,
  type StartedNetwork,
  type StartedTestContainer,
} from 'testcontainers';
import { freePorts } from '../../lib/ports.ts';
import { silentProgress, withStep } from '../../lib/progress.ts';
import { settleAll, waitFor } from '../../lib/wait.ts';
import { developmentBrokerSettings, toImageEnvironment, type BrokerSettings } from '../broker-settings.ts';
import type {
  Infrastructure,
  InfrastructureOptions,
  InfrastructureService,
} from '../infrastructure.types.ts';
import { probeKafka } from '../kafka-probe.ts';
import { ensureDatabase, probeRegistry } from '../probes.ts';
import { databaseUrl, registryEnvironment, registryUrl } from '../registry-settings.ts';
import { databaseAccount, databases, images, kafkaCluster } from '../versions.ts';

const KAFKA_PORT = 9092;
const INTERNAL_PORT = 29092;
const REGISTRY_PORT = 8080;
const POSTGRES_PORT = 5432;
const POSTGRES_ALIAS = 'postgres';

/**
 * Runs the three in containers that testcontainers removes again, even when this process is killed (its reaper does
 * that). Broker and registry are the images of docker-compose.yml.
 */
export async function startContainerInfrastructure(options: InfrastructureOptions): Promise<Infrastructure> {
  const progress = options.progress ?? silentProgress;
  const network = await new Network().start();
  const started = new Map<InfrastructureService, StartedTestContainer>();
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= stopAll(started, network));
  try {
    const kafka = withStep(progress, 'Kafka (container)', () =>
      startKafka(options.brokerSettings ?? {}, started),
    );
    const others = withStep(progress, 'PostgreSQL and schema registry (containers)', () =>
      startPostgresAndRegistry(network, started),
    );
    await settleAll([kafka, others]);
    return describe({ kafka: await kafka, ...(await others) }, started, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

function describe(
  addresses: Readonly<Record<InfrastructureService, Address>>,
  started: ReadonlyMap<InfrastructureService, StartedTestContainer>,
  stop: () => Promise<void>,
): Infrastructure {
  const { kafka, registry, postgres } = addresses;
  return {
    runtime: 'docker',
    kafkaBrokers: `${kafka.host}:${kafka.port}`,
    registryUrl: registryUrl(registry.host, registry.port),
    databaseUrl: databaseUrl(postgres.host, postgres.port, databases.product),
    processes: [...started].map(([service, container]) => ({
      service,
      container: container.getName(),
      ports: [addresses[service].port],
    })),
    failed: new Promise<never>(() => {}),
    stop,
  };
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Kafka tells its clients at which address they find it, and must know that address before it starts: hence a host port
 * chosen beforehand. The module @testcontainers/kafka does not fit: it starts the broker by a script that only
 * Confluent's images have, and those have other version numbers.
 */
async function startKafka(
  overrides: BrokerSettings,
  started: Map<InfrastructureService, StartedTestContainer>,
): Promise<Address> {
  const client = await getContainerRuntimeClient();
  const [port = 0] = await freePorts(1);
  const address = { host: client.info.containerRuntime.host, port };
  const settings = {
    ...developmentBrokerSettings,
    'node.id': String(kafkaCluster.nodeId),
    'controller.quorum.voters': `${kafkaCluster.nodeId}@localhost:9093`,
    listeners: `PLAINTEXT://:${KAFKA_PORT},INTERNAL://:${INTERNAL_PORT},CONTROLLER://:9093`,
    // The broker ends transactions over a connection to itself, and the host's port is not reachable from inside.
    'advertised.listeners': `PLAINTEXT://${address.host}:${port},INTERNAL://localhost:${INTERNAL_PORT}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'INTERNAL',
    ...overrides,
  };
  const container = await new GenericContainer(images.kafka)
    .withEnvironment({ CLUSTER_ID: kafkaCluster.clusterId, ...toImageEnvironment(settings) })
    .withExposedPorts({ container: KAFKA_PORT, host: port })
    .withWaitStrategy(Wait.forListeningPorts())
    .start();
  started.set('kafka', container);
  await waitFor(() => probeKafka(address.host, port), {
    what: 'an answer of the Kafka broker',
    timeoutMs: 90_000,
  });
  return address;
}

async function startPostgresAndRegistry(
  network: StartedNetwork,
  started: Map<InfrastructureService, StartedTestContainer>,
): Promise<{ postgres: Address; registry: Address }> {
  const postgres = await new PostgreSqlContainer(images.postgres)
    .withDatabase(databases.product)
    .withUsername(databaseAccount.user)
    .withPassword(databaseAccount.password)
    .withNetwork(network)
    .withNetworkAliases(POSTGRES_ALIAS)
    .start();
  started.set('postgres', postgres);
  const postgresAddress = { host: postgres.getHost(), port: postgres.getPort() };
  await ensureDatabase(
    databaseUrl(postgresAddress.host, postgresAddress.port, databases.product),
    databases.registry,
  );
  const registry = await new GenericContainer(images.registry)
    .withEnvironment(registryEnvironment({ host: POSTGRES_ALIAS, port: POSTGRES_PORT }))
    .withNetwork(network)
    .withExposedPorts(REGISTRY_PORT)
    .withWaitStrategy(Wait.forListeningPorts())
    .start();
  started.set('registry', registry);
  const registryAddress = { host: registry.getHost(), port: registry.getMappedPort(REGISTRY_PORT) };
  await waitFor(() => probeRegistry(registryUrl(registryAddress.host, registryAddress.port)), {
    what: 'an answer of the schema registry',
    timeoutMs: 90_000,
  });
  return { postgres: postgresAddress, registry: registryAddress };
}

async function stopAll(
  started: ReadonlyMap<InfrastructureService, StartedTestContainer>,
  network: StartedNetwork,
): Promise<void> {
  await Promise.all([...started.values()].map((container) => container.stop()));
  await network.stop();
}
