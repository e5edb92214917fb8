import { describe, expect, it } from 'vitest';
import {
  type ChangeNotice,
  changeNoticesOf,
  type DeadLetter,
  headerNames,
  type Outcome,
  topics,
} from '#libs/contracts';
import { ManualClock } from '#libs/core';
import { PipelineDriver } from '#libs/streams';
import type { NewDeadLetter } from './audit/audit-rows.js';
import { DatabasePatience } from './audit/database-patience.js';
import { ConsolePipeline } from './console.pipeline.js';
import { invoiceTrail, outcome } from './testing/outcomes.js';

/** A database that keeps rows by id, and can be away or picky. */
class FakeTrail {
  readonly outcomes = new Map<string, Outcome>();
  readonly deadLetters = new Map<string, NewDeadLetter>();
  readonly statements: number[] = [];
  failure: ((row: Outcome) => Error | undefined) | undefined;
  changes: boolean[] = [];
  news = 0;

  addOutcomes(rows: readonly Outcome[]): Promise<void> {
    for (const row of rows) {
      const failure = this.failure?.(row);
      if (failure) return Promise.reject(failure);
    }
    this.statements.push(rows.length);
    for (const row of rows) if (!this.outcomes.has(row.outcomeId)) this.outcomes.set(row.outcomeId, row);
    // A statement takes its time; what comes meanwhile gathers.
    return new Promise((resolve) => setImmediate(resolve));
  }
}

const noticeTopics = ['xero', 'zoho-books'].map((vendor) => changeNoticesOf(vendor));

function notice(overrides: Partial<ChangeNotice> = {}): ChangeNotice {
  return {
    noticeId: 'notice-1',
    webhookId: 'webhook-1',
    workspaceId: 'demo',
    connectionId: 'xero-demo',
    vendor: 'xero',
    entityType: 'invoice',
    entityId: 'invoice-1',
    changeType: 'created',
    origin: 'webhook',
    recheck: false,
    recheckToken: null,
    sourceTime: null,
    receivedAt: 1_000,
    ...overrides,
  };
}

async function start(clock = new ManualClock()) {
  const trail = new FakeTrail();
  const pipeline = new ConsolePipeline({
    outcomes: { addAll: (rows) => trail.addOutcomes(rows) },
    deadLetters: {
      addAll: (rows) => {
        for (const row of rows) trail.deadLetters.set(row.deadLetterId, row);
        return Promise.resolve();
      },
    },
    patience: new DatabasePatience({ clock, onChange: (available) => void trail.changes.push(available) }),
    written: () => (trail.news += 1),
  });
  const driver = await PipelineDriver.start({
    service: 'console',
    handlers: [pipeline],
    clock,
    bindings: { [topics.changeNotices.name]: noticeTopics },
  });
  return { trail, driver, clock };
}

function send(driver: PipelineDriver, outcomes: readonly Outcome[]): void {
  for (const one of outcomes) driver.send(topics.outcomes, one.workspaceId, one);
}

function letter(overrides: Partial<DeadLetter> = {}): DeadLetter {
  return {
    deadLetterId: 'letter-1',
    service: 'fetcher-xero',
    originTopic: 'change-notices.xero',
    originPartition: 1,
    originOffset: 42,
    originTimestamp: 1_000,
    key: Buffer.from('xero-demo'),
    value: Buffer.from([0, 1, 2]),
    headers: [
      { key: 'workspace', value: Buffer.from('demo') },
      { key: 'traceparent', value: Buffer.from('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01') },
    ],
    errorCode: 'undecodable',
    errorMessage: 'the record cannot be read',
    attempts: 1,
    at: 2_000,
    ...overrides,
  };
}

describe('console', () => {
  it('tells of every notice that came by webhook, of whichever vendor, once', async () => {
    const { trail, driver } = await start();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    for (const [index, topic] of [...noticeTopics, ...noticeTopics].entries()) {
      const vendor = topic.name.split('.')[1] ?? '';
      driver.send(topic, 'xero-demo', notice({ noticeId: `notice-${vendor}`, vendor, receivedAt: index }), {
        [headerNames.traceparent]: traceparent,
      });
    }
    await driver.settle();
    const rows = [...trail.outcomes.values()].sort((a, b) => ((a.vendor ?? '') < (b.vendor ?? '') ? -1 : 1));
    expect(rows).toEqual(
      noticeTopics.map((topic, index) => {
        const vendor = topic.name.split('.')[1] ?? '';
        return outcome('accept', 'accepted', 0, {
          what: `notice-${vendor}`,
          at: index,
          vendor,
          entityId: 'invoice-1',
          webhookIds: ['webhook-1'],
          noticeIds: [`notice-${vendor}`],
        });
      }),
    );
  });

  it('leaves notices of other origin to those who ask by them', async () => {
    const { trail, driver } = await start();
    for (const origin of ['poll', 'timer', 'replay', 'stream'])
      driver.send(
        changeNoticesOf('xero'),
        'xero-demo',
        notice({ noticeId: origin, origin, webhookId: null }),
      );
    await driver.settle();
    expect(trail.statements).toEqual([]);
  });

  it('writes outcomes to the audit trail and tells the live feed', async () => {
    const { trail, driver } = await start();
    send(driver, invoiceTrail());
    await driver.settle();
    expect([...trail.outcomes.values()]).toEqual(invoiceTrail());
    expect(trail.news).toBeGreaterThan(0);
  });

  it('writes what has gathered in one statement, and what comes again changes nothing', async () => {
    const { trail, driver } = await start();
    const many = Array.from({ length: 300 }, (_, index) => outcome('fetch', 'fetched', index));
    send(driver, [...many, ...many]);
    await driver.settle();
    expect(trail.outcomes.size).toBe(300);
    expect(trail.statements.length).toBeLessThan(10);
  });

  it('waits while the database is away, parks nothing, and goes on where it was', async () => {
    const { trail, driver, clock } = await start();
    trail.failure = () => Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' });
    send(driver, invoiceTrail());
    await clock.advance(60_000);
    expect(trail.outcomes.size).toBe(0);
    expect(driver.parkedCount).toBe(0);
    trail.failure = undefined;
    await clock.advance(5_000);
    await driver.settle();
    expect(trail.outcomes.size).toBe(7);
    expect(trail.changes).toEqual([false, true]);
  });

  it('reads again what it had not written when it was killed', async () => {
    const { trail, driver, clock } = await start();
    trail.failure = () => new Error('away');
    send(driver, invoiceTrail());
    await clock.advance(0);
    await driver.restart();
    await clock.advance(0);
    trail.failure = undefined;
    await driver.advance(10_000);
    expect(trail.outcomes.size).toBe(7);
  });

  it('sets a record aside that the database refuses for its content, and writes the others', async () => {
    const { trail, driver } = await start();
    const bad = outcome('fetch', 'failed', 5, { entityId: 'bad' });
    trail.failure = (row) =>
      row.entityId === 'bad' ? Object.assign(new Error('invalid'), { code: '22021' }) : undefined;
    send(driver, [...invoiceTrail(), bad]);
    await driver.settle();
    expect(trail.outcomes.size).toBe(7);
    expect(driver.sent(topics.deadLetters).map((one) => one.errorCode)).toEqual(['row-refused']);
  });

  it('takes out of texts what PostgreSQL cannot hold and cuts them to a length that a page can show', async () => {
    const { trail, driver } = await start();
    send(driver, [
      outcome('fetch', 'failed', 0, { detail: `a\0b${'x'.repeat(5_000)}`, noticeIds: ['n\0', '\uD83C'] }),
    ]);
    await driver.settle();
    const [row] = trail.outcomes.values();
    expect(row?.detail).toHaveLength(2_000);
    expect(row?.detail).toMatch(/^abx/);
    expect(row?.noticeIds).toEqual(['n', expect.stringMatching(/^\uFFFD+$/)]);
  });

  it('indexes dead letters by where their bytes lie, without the bytes', async () => {
    const { trail, driver } = await start();
    driver.send(topics.deadLetters, 'xero-demo', letter());
    driver.send(topics.deadLetters, '', letter({ deadLetterId: 'letter-2', key: Buffer.from([0xff, 0xfe]) }));
    await driver.settle();
    expect(trail.deadLetters.get('letter-1')).toEqual({
      deadLetterId: 'letter-1',
      logPartition: 0,
      logOffset: 0,
      workspaceId: 'demo',
      traceId: '0af7651916cd43dd8448eb211c80319c',
      service: 'fetcher-xero',
      originTopic: 'change-notices.xero',
      originPartition: 1,
      originOffset: 42,
      originTimestamp: 1_000,
      key: 'xero-demo',
      errorCode: 'undecodable',
      errorMessage: 'the record cannot be read',
      attempts: 1,
      at: 2_000,
    });
    expect(trail.deadLetters.get('letter-2')).toMatchObject({ logOffset: 1, key: null });
  });
});
