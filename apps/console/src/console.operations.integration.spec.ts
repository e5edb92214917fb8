import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { z } from 'zod';
import {
  type AccountingRecord,
  type ChangeNotice,
  changeNoticesOf,
  type DeadLetter,
  headerNames,
  type Outcome,
  outcomeOf,
  type ParkedWork,
  runtimeStores,
  stateTopic,
  topics,
} from '#libs/contracts';
import { sampleInvoice } from '#libs/flows';
import type { deadLettersSchema } from './api/api.schema.js';
import type { parkedSchema, ReplayReport, requeueReport } from './api/operations.schema.js';
import { type ConsoleUnderTest, startConsole } from './testing/console-under-test.js';

let underTest: ConsoleUnderTest;

beforeAll(async () => {
  underTest = await startConsole(inject('infrastructure'));
});

afterAll(() => underTest.stop());

async function post<T>(path: string, body: object, status: number): Promise<T> {
  const response = await underTest.api(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  expect({ status: response.status, text }).toMatchObject({ status });
  return JSON.parse(text) as T;
}

async function get<T>(path: string): Promise<T> {
  return (await (await underTest.api(path)).json()) as T;
}

/** A record of this test's own connection: the topic is shared with other tests. */
function recordOf(connectionId: string, recordId: string): AccountingRecord {
  return { ...sampleInvoice(), connectionId, recordId };
}

/** What the fetcher tells of a record that it has just written. */
function fetchedOutcome({ recordId, connectionId, entityType, entityId }: AccountingRecord): Outcome {
  const subject = { recordId, connectionId, entityType, entityId, workspaceId: 'w1' };
  const at = Date.now();
  return outcomeOf({ ...subject, step: 'fetch', status: 'fetched', service: 'fetcher', at, what: recordId });
}

function noticeOf(topic: string, connectionId: string, entityId: string): ChangeNotice {
  return {
    noticeId: randomUUID(),
    webhookId: null,
    workspaceId: 'w1',
    connectionId,
    vendor: topic.slice('change-notices.'.length),
    entityType: 'invoice',
    entityId,
    changeType: 'updated',
    origin: 'webhook',
    recheck: false,
    recheckToken: null,
    sourceTime: null,
    receivedAt: 0,
  };
}

describe('parked work', () => {
  const service = `service-${randomUUID()}`;
  const parked = stateTopic(service, runtimeStores.parked.name, runtimeStores.parked.schema);
  const work = (reason: string, wakeAt: number): ParkedWork => ({
    topic: 'input',
    partition: 0,
    offset: 7,
    timestamp: 0,
    key: Buffer.from('c1'),
    value: Buffer.from('bytes'),
    headers: [],
    lane: 'lane',
    attempts: 2,
    reason,
    firstParkedAt: 1,
    wakeAt,
  });

  it('is listed with reason and next try, and gone from the list when it was done', async () => {
    await underTest.probe.prepare([parked]);
    await underTest.probe.write(parked, 'late', work('vendor-day-limit', 2_000));
    await underTest.probe.write(parked, 'soon', work('vendor-rate-limited', 1_000));
    const path = `/api/parked?service=${service}`;
    const before = await get<z.output<typeof parkedSchema>>(path);
    expect(before.parked.map(({ parkedKey, reason, nextTryAt }) => [parkedKey, reason, nextTryAt])).toEqual([
      ['soon', 'vendor-rate-limited', 1_000],
      ['late', 'vendor-day-limit', 2_000],
    ]);
    await underTest.probe.write(parked, 'soon', null);
    const after = await get<z.output<typeof parkedSchema>>(path);
    expect(after.parked.map(({ parkedKey }) => parkedKey)).toEqual(['late']);
    const filtered = await get<z.output<typeof parkedSchema>>(`${path}&reason=something-else`);
    expect(filtered.total).toBe(0);
  });

  it('is tried now when an operator asks: every task of the service is told', async () => {
    const requests = await underTest.probe.follow(topics.operatorRequests);
    const change = { service, action: 'retry-now', connectionId: 'c1', reason: 'the limit was raised' };
    const { requestId } = await post<{ requestId: string }>('/api/parked', change, 202);
    const own = () => requests.filter(({ key }) => key === requestId);
    await expect.poll(() => own().length, { timeout: 15_000 }).toBe(4);
    expect(own()[0]?.value).toMatchObject({ service, action: 'retry-now', connectionId: 'c1' });
  });

  it('says what is wrong with a request', async () => {
    const answer = await post<{ message: unknown }>('/api/parked', { service, action: 'forget' }, 400);
    expect(JSON.stringify(answer.message)).toContain('action');
  });
});

it('a dead letter comes back to where it came from, with its bytes, and is settled', async () => {
  const connectionId = `c-${randomUUID()}`;
  const origin = { ...topics.records, name: `records-${randomUUID()}` };
  await underTest.probe.prepare([origin]);
  const letter: DeadLetter = {
    deadLetterId: randomUUID(),
    service: 'mapper',
    originTopic: origin.name,
    originPartition: 2,
    originOffset: 5,
    originTimestamp: 0,
    key: Buffer.from(connectionId),
    value: Buffer.from('not even Avro'),
    headers: [{ key: headerNames.workspace, value: Buffer.from('w1') }],
    errorCode: 'undecodable',
    errorMessage: 'bytes',
    attempts: 1,
    at: 0,
  };
  await underTest.probe.write(topics.deadLetters, connectionId, letter);
  const list = `/api/dead-letters?key=${connectionId}`;
  type Letters = z.output<typeof deadLettersSchema>;
  await expect.poll(async () => (await get<Letters>(list)).deadLetters.length, { timeout: 15_000 }).toBe(1);

  const filter = { key: connectionId };
  const first = await post<z.output<typeof requeueReport>>(
    '/api/dead-letters/requeue',
    { filter, reason: 'the mapper was mended' },
    200,
  );
  expect(first).toEqual({ requeued: 1, left: [] });
  expect((await get<Letters>(list)).deadLetters[0]?.status).toBe('requeued');
  expect(await underTest.probe.firstRaw(origin.name)).toEqual({
    key: Buffer.from(connectionId),
    value: Buffer.from('not even Avro'),
    partition: 2,
  });

  const again = await post<z.output<typeof requeueReport>>(
    '/api/dead-letters/requeue',
    { deadLetterIds: [letter.deadLetterId, 'nobody'], reason: 'once more' },
    200,
  );
  expect(again.requeued).toBe(0);
  expect(again.left.map(({ problem }) => problem)).toEqual([
    'It is requeued already.',
    'There is no such dead letter.',
  ]);
});

describe('a replay', () => {
  it('brings the records of a span again, marked, and never its own', async () => {
    const connectionId = `c-${randomUUID()}`;
    for (const id of ['r1', 'r2', 'r3']) {
      await underTest.probe.write(topics.records, connectionId, recordOf(connectionId, id));
    }
    await underTest.probe.write(topics.records, 'another', recordOf('another', 'r4'));
    const followed = await underTest.probe.follow(topics.records);
    const ask = { topic: 'records', from: 0, filter: { connectionId }, reason: 'a flow was mended' };
    const { replayId } = await post<ReplayReport>('/api/replays', ask, 202);
    await expect
      .poll(async () => (await get<ReplayReport>(`/api/replays/${replayId}`)).status, { timeout: 30_000 })
      .toBe('done');
    const own = () => followed.filter(({ headers }) => headers[headerNames.replayId] === replayId);
    await expect.poll(() => own().length, { timeout: 15_000 }).toBe(3);
    expect(own().map(({ value }) => value.recordId)).toEqual(['r1', 'r2', 'r3']);
    expect(own()[0]?.headers).toMatchObject({
      [headerNames.origin]: 'replay',
      [headerNames.replayMode]: 'dry-run',
    });

    const second = await post<ReplayReport>('/api/replays', { ...ask, mode: 'normal' }, 202);
    await expect
      .poll(async () => (await get<ReplayReport>(`/api/replays/${second.replayId}`)).status, {
        timeout: 30_000,
      })
      .toBe('done');
    expect((await get<ReplayReport>(`/api/replays/${second.replayId}`)).replayed).toBe(3);
  });

  it('counts what a dry run would have done', async () => {
    const ask = { topic: 'records', from: Date.now() + 60_000, reason: 'nothing is there yet' };
    const { replayId, status } = await post<ReplayReport>('/api/replays', ask, 202);
    expect(status).toBe('done');
    for (const [what, told] of [
      ['a', 'would-mapped'],
      ['b', 'would-mapped'],
      ['c', 'would-duplicate'],
    ] as const) {
      const outcome = outcomeOf({
        workspaceId: 'w1',
        step: 'replay',
        status: told,
        service: 'mapper',
        at: 1,
        what: what + replayId,
        replayId,
      });
      await underTest.probe.write(topics.outcomes, 'w1', outcome);
    }
    await expect
      .poll(async () => (await get<ReplayReport>(`/api/replays/${replayId}`)).outcomes, { timeout: 15_000 })
      .toEqual([
        { status: 'duplicate', count: 1 },
        { status: 'mapped', count: 2 },
      ]);
  });

  it('answers a dry run over notices from the newest record of each entity, and asks no vendor', async () => {
    const connectionId = `c-${randomUUID()}`;
    const notices = changeNoticesOf(`vendor-${randomUUID().slice(0, 8)}`);
    await underTest.probe.prepare([notices]);
    const [known, unknown] = [`known-${connectionId}`, `unknown-${connectionId}`];
    for (const recordId of ['older', 'newer']) {
      const record = { ...recordOf(connectionId, `${recordId}-${connectionId}`), entityId: known };
      await underTest.probe.write(topics.records, connectionId, record);
      await underTest.probe.write(topics.outcomes, 'w1', fetchedOutcome(record));
    }
    for (const entityId of [known, known, unknown]) {
      const notice = noticeOf(notices.name, connectionId, entityId);
      await underTest.probe.write(notices, connectionId, notice);
    }
    const isTold = async (): Promise<boolean> =>
      (await underTest.api(`/api/traces/newer-${connectionId}`)).ok;
    await expect.poll(isTold, { timeout: 30_000 }).toBe(true);
    const asked = await underTest.probe.follow(notices);
    const followed = await underTest.probe.follow(topics.records);
    const ask = { topic: notices.name, mode: 'dry-run', from: 0, filter: { connectionId }, reason: 'to see' };
    const { replayId } = await post<ReplayReport>('/api/replays', ask, 202);
    await expect
      .poll(async () => (await get<ReplayReport>(`/api/replays/${replayId}`)).status, { timeout: 30_000 })
      .toBe('done');
    expect(await get<ReplayReport>(`/api/replays/${replayId}`)).toMatchObject({
      read: 3,
      replayed: 1,
      unanswered: 1,
    });
    const own = () => followed.filter(({ headers }) => headers[headerNames.replayId] === replayId);
    await expect.poll(() => own().length, { timeout: 15_000 }).toBe(1);
    expect(own()[0]?.value.recordId).toBe(`newer-${connectionId}`);
    expect(own()[0]?.headers).toMatchObject({ [headerNames.replayMode]: 'dry-run' });
    expect(asked).toEqual([]);
  });

  it('says what can be replayed instead', async () => {
    const forced = { topic: 'change-notices.xero', mode: 'forced', from: 0, reason: 'to see' };
    expect(JSON.stringify(await post('/api/replays', forced, 422))).toContain('replay of the records');
    const outcomes = { topic: 'outcomes', from: 0, reason: 'to see' };
    expect(JSON.stringify(await post('/api/replays', outcomes, 422))).toContain('cannot be replayed');
    const nowhere = { topic: 'records', reason: 'to see' };
    expect(JSON.stringify(await post('/api/replays', nowhere, 422))).toContain('where the replay begins');
  });
});
