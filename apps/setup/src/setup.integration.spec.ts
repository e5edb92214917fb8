import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { systemClock } from '#libs/core';
import { KafkaClient, RegistryAdmin, TopicAdmin } from '#libs/streams';
import { createTestDatabase, type TestDatabase } from '../../../tools/infra/test-database.ts';
import type { SetupReport } from './report.js';
import { runSetup } from './run-setup.js';
import { setUp } from './setup.js';

const { kafkaBrokers, registryUrl, databaseUrl } = inject('infrastructure');
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase(databaseUrl);
});

afterAll(() => database.drop());

function environment(overrides: Record<string, string> = {}): Record<string, string> {
  return {
    KAFKA_BROKERS: kafkaBrokers,
    SCHEMA_REGISTRY_URL: registryUrl,
    DATABASE_URL: database.url,
    CHAIN_PARTITIONS: '4',
    SETUP_WAIT_SECONDS: '20',
    ...overrides,
  };
}

async function run(command: { check?: boolean; json?: boolean }, overrides?: Record<string, string>) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runSetup(
    { check: command.check ?? false, json: command.json ?? false },
    { out: (text) => void out.push(text), err: (text) => void err.push(text) },
    environment(overrides),
  );
  return { code, out: out.join(''), err: err.join('') };
}

/** On a log that other tests use too, with a database of its own. The tests build on each other: an empty deployment, set up, then looked at again. */
describe('the setup job', () => {
  it('says what is missing and changes nothing when asked to check only', async () => {
    const { code, out, err } = await run({ check: true });
    expect(code).toBe(1);
    expect(out).toMatch(/x {2}migration +database +pending/);
    expect(err).toContain('Run the setup job without --check');
    expect((await run({ check: true })).code).toBe(1);
  });

  it('prepares everything, and says so as a table', async () => {
    const { code, out, err } = await run({});
    expect(err).toContain('0 problems');
    expect(code).toBe(0);
    expect(out).toMatch(/migration +\S+ +applied/);
    expect(out).toMatch(/topic +change-notices\.xero +(created|present|settings-differ)/);
    expect(out).toMatch(/topic +fetcher-xero\.fingerprints +(created|present|settings-differ)/);
    expect(out).not.toContain('change-notices.twilio');
    expect(out).toMatch(/schema +records-value +(registered|present) +id \d+/);
  });

  it('does nothing the second time, and a check then finds everything', async () => {
    const again = await run({ json: true });
    const report = JSON.parse(again.out) as SetupReport;
    expect(again.code).toBe(0);
    expect(report.ok).toBe(true);
    // Other tests of the run make some of the same topics, with settings of their own.
    const changed = report.rows.filter((row) => row.verdict === 'done' || row.verdict === 'problem');
    expect(changed).toEqual([]);
    expect((await run({ check: true })).code).toBe(0);
  });

  it('refuses another number of partitions and explains why', async () => {
    const { code, out, err } = await run({}, { CHAIN_PARTITIONS: '8' });
    expect(code).toBe(1);
    expect(out).toMatch(/x {2}topic +records +partitions-differ +has 4 partitions, 8 are asked for/);
    expect(err).toContain('Set CHAIN_PARTITIONS to the number the topics have');
  });

  it('names a schema that is not compatible with what was registered before, and why', async () => {
    const vendor = `spec${randomBytes(4).toString('hex')}`;
    const subject = `change-notices.${vendor}-value`;
    const odd = {
      type: 'record',
      name: 'ChangeNotice',
      namespace: 'ledgerwire',
      fields: [{ name: 'odd', type: 'int' }],
    };
    await fetch(`${registryUrl}/subjects/${subject}/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ schemaType: 'AVRO', schema: JSON.stringify(odd) }),
    });
    const client = new KafkaClient({ brokers: kafkaBrokers.split(','), clientId: 'setup-spec' });
    const report = await setUp(
      {
        database: { url: database.url, applicationName: 'setup-spec' },
        topicAdmin: new TopicAdmin(client),
        registryAdmin: new RegistryAdmin({ url: registryUrl }),
        vendors: [vendor],
        layout: { chainPartitions: 4 },
        waiting: { clock: systemClock, limitMs: 10_000, say: () => undefined },
      },
      false,
    );
    expect(report.ok).toBe(false);
    const problems = report.rows.filter((row) => row.verdict === 'problem');
    expect(problems).toEqual([
      expect.objectContaining({ kind: 'schema', name: subject, state: 'incompatible' }),
    ]);
    expect(problems[0]?.detail).toMatch(/odd|fields|incompatible/i);
  });

  it('gives up with the name of what does not answer', async () => {
    const { code, err } = await run(
      {},
      { SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1', SETUP_WAIT_SECONDS: '1' },
    );
    expect(code).toBe(1);
    expect(err).toContain('the schema registry did not answer for 1 s');
  });

  it('lists every variable that is wrong, without its value', async () => {
    const { code, err } = await run({}, { KAFKA_BROKERS: 'no-port', DATABASE_URL: '' });
    expect(code).toBe(1);
    expect(err).toContain('KAFKA_BROKERS');
    expect(err).toContain('DATABASE_URL');
    expect(err).not.toContain('no-port');
  });

  it('knows the vendors of the build', async () => {
    const { code, err } = await run({}, { ENABLED_VENDORS: 'zorro' });
    expect(code).toBe(1);
    expect(err).toContain('unknown vendor zorro');
  });
});
