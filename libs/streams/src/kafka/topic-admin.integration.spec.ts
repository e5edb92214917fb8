import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { KafkaClient } from './kafka-client.js';
import { TopicAdmin, type TopicSpec } from './topic-admin.js';

const { kafkaBrokers } = inject('infrastructure');
const client = new KafkaClient({ brokers: kafkaBrokers.split(','), clientId: 'topic-admin-spec' });
const admin = new TopicAdmin(client);

beforeAll(() => admin.connect());
afterAll(() => admin.disconnect());

function spec(overrides: Partial<TopicSpec> = {}): TopicSpec {
  return {
    name: `spec-${randomBytes(6).toString('hex')}`,
    partitions: 3,
    config: { 'cleanup.policy': 'compact', 'segment.ms': '3600000' },
    ...overrides,
  };
}

describe('the topic admin', () => {
  it('creates what is missing with its partitions and settings, once', async () => {
    const wanted = [spec(), spec({ partitions: 1 })];
    expect((await admin.check(wanted, 1)).map((report) => report.state)).toEqual(['missing', 'missing']);
    expect((await admin.ensure(wanted, 1)).map((report) => report.state)).toEqual(['created', 'created']);
    expect((await admin.ensure(wanted, 1)).map((report) => report.state)).toEqual(['present', 'present']);
  });

  it('creates nothing when a topic has another number of partitions, and says so', async () => {
    const before = spec({ partitions: 2 });
    await admin.ensure([before], 1);
    const other = spec();
    const reports = await admin.ensure([{ ...before, partitions: 4 }, other], 1);
    expect(reports).toEqual([
      { topic: before.name, state: 'partitions-differ', details: ['has 2 partitions, 4 are asked for'] },
      { topic: other.name, state: 'missing', details: [] },
    ]);
  });

  it('tells of settings that differ and leaves them alone', async () => {
    const before = spec();
    await admin.ensure([before], 1);
    const [report] = await admin.ensure([{ ...before, config: { 'segment.ms': '60000' } }], 1);
    expect(report).toEqual({
      topic: before.name,
      state: 'settings-differ',
      details: ['segment.ms is 3600000, the catalogue says 60000'],
    });
  });

  it('tells of topics that have fewer copies than asked for', async () => {
    const wanted = spec();
    await admin.ensure([wanted], 1);
    expect(await admin.ensure([wanted], 3)).toEqual([
      {
        topic: wanted.name,
        state: 'settings-differ',
        details: ['copies of a partition: 1, 3 are asked for'],
      },
    ]);
  });

  it('gives the reason when the cluster refuses a topic', async () => {
    const refused = admin.ensure([spec()], 7);
    await expect(refused).rejects.toMatchObject({ code: 'topic-refused' });
    await expect(admin.ensure([spec({ config: { 'no.such.setting': '1' } })], 1)).rejects.toThrow(
      /no\.such\.setting|config/i,
    );
  });

  it('counts brokers', async () => {
    expect(await admin.brokerCount()).toBeGreaterThanOrEqual(1);
  });

  it('says that the log is unavailable when nobody listens', async () => {
    const nobody = new TopicAdmin(
      new KafkaClient({ brokers: ['127.0.0.1:1'], clientId: 'topic-admin-spec' }),
    );
    await expect(nobody.connect()).rejects.toMatchObject({ code: 'log-unavailable', disposition: 'retry' });
  });
});
