import { randomUUID } from 'node:crypto';
import { runtimeStores, stateTopic, topics } from '#libs/contracts';
import { migrate } from '#libs/persistence';
import { type RunningService, startService } from '#libs/platform';
import { LogProbe } from '#libs/streams';
import { createTestDatabase } from '../../../../tools/infra/test-database.ts';
import { noticeTopics } from '../console.module.js';
import { consoleService } from '../console.service.js';

/** Where the real Kafka, registry and PostgreSQL are. */
export interface TestInfrastructure {
  readonly kafkaBrokers: string;
  readonly registryUrl: string;
  readonly databaseUrl: string;
}

/** A console that runs in the test's process on real infrastructure, with a database of its own. */
export interface ConsoleUnderTest {
  readonly service: RunningService<unknown>;
  readonly url: string;
  readonly token: string;
  readonly probe: LogProbe;
  /** A request of the API as the operator. */
  readonly api: (path: string, init?: ApiRequest) => Promise<Response>;
  readonly stop: () => Promise<boolean>;
}

type ApiRequest = Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> };

/** Starts it and waits until it is ready. */
export async function startConsole(
  infrastructure: TestInfrastructure,
  overrides: Readonly<Record<string, string>> = {},
): Promise<ConsoleUnderTest> {
  const token = `operator-${randomUUID()}`;
  const probe = new LogProbe(infrastructure);
  // A name, and so a consumer group, of its own: other tests may run a console on the same log.
  const name = `console-${randomUUID()}`;
  const own = Object.values(runtimeStores).map((store) =>
    stateTopic<unknown>(name, store.name, store.schema),
  );
  await probe.prepare([
    topics.outcomes,
    topics.deadLetters,
    topics.connections,
    topics.flows,
    topics.records,
    ...noticeTopics,
    ...own,
  ]);
  const database = await createTestDatabase(infrastructure.databaseUrl);
  await migrate({ url: database.url, applicationName: 'console-spec' });
  const service = await startService(
    { ...consoleService, name },
    {
      environment: {
        PORT: '0',
        LOG_LEVEL: 'silent',
        INSTANCE: 'console-spec',
        KAFKA_BROKERS: infrastructure.kafkaBrokers,
        SCHEMA_REGISTRY_URL: infrastructure.registryUrl,
        DATABASE_URL: database.url,
        CONSOLE_TOKEN: token,
        ...overrides,
      },
    },
  );
  await untilReady(service.url);
  return {
    service,
    url: service.url,
    token,
    probe,
    api: (path, init = {}) =>
      fetch(service.url + path, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } }),
    stop: async () => {
      const clean = await service.stop('test over');
      await probe.close();
      await database.drop();
      return clean;
    },
  };
}

async function untilReady(url: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const response = await fetch(`${url}/health/ready`);
    if (response.ok) return;
    if (Date.now() > deadline) throw new Error(`console is not ready: ${await response.text()}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
}
