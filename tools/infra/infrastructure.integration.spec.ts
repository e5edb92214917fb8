import { describe, expect, inject, test } from 'vitest';
import { probeKafka } from './kafka-probe.ts';
import { runSql } from './probes.ts';
import { createTestDatabase } from './test-database.ts';

const urls = inject('infrastructure');

describe('the infrastructure of the tests', () => {
  test('has a Kafka broker whose group and transaction coordinators answer', async () => {
    const [host = '', port = ''] = urls.kafkaBrokers.split(':');
    expect(await probeKafka(host, Number(port))).toBe(true);
  });

  test('has a registry that keeps a schema and gives the same id for it again', async () => {
    const subject = `${urls.registryUrl}/subjects/infrastructure-${process.pid}-value/versions`;
    const register = async (): Promise<unknown> => {
      const response = await fetch(subject, {
        method: 'POST',
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        body: JSON.stringify({
          schema: '{"type":"record","name":"Probe","fields":[{"name":"a","type":"string"}]}',
        }),
      });
      expect(response.status).toBe(200);
      return response.json();
    };
    const first = await register();
    expect(first).toEqual({ id: expect.any(Number) });
    expect(await register()).toEqual(first);
  });

  test('has a PostgreSQL 18 in which a test gets a database of its own', async () => {
    const database = await createTestDatabase(urls.databaseUrl);
    await runSql(database.url, 'CREATE TABLE t (n int)');
    const { rows } = await runSql(database.url, 'SHOW server_version_num');
    expect(rows).toEqual([{ server_version_num: expect.stringMatching(/^18/) }]);
    await database.drop();
    await expect(runSql(database.url, 'SELECT 1')).rejects.toThrow('does not exist');
  });
});
