import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ChangeNotice, type DeadLetter, headerNames, topics } from '#libs/contracts';
import { LedgerwireError, ManualClock } from '#libs/core';
import { requeueAnswer, requeuePath, type RequeueQuestion } from '#libs/vendor-kit';
import {
  connection,
  REQUEUE_TOKEN,
  SECRET,
  startTestIngress,
  type TestIngress,
} from '../testing/test-ingress.js';
import { changeEvent, signed, testWebhooks } from '../testing/test-vendor.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
let ingress: TestIngress;
let clock: ManualClock;

beforeEach(async () => {
  clock = new ManualClock(1_000_000);
  ingress = await startTestIngress({ clock, connections: [] });
});

afterEach(() => ingress.server.close());

/** Sends a webhook as the vendor does and answers its dead letter. */
async function setAside(body: string): Promise<DeadLetter> {
  const headers = { 'content-type': 'application/json', 'x-test-signature': signed(body, SECRET) };
  await ingress.server.inject({ method: 'POST', url: '/webhooks/test', payload: body, headers });
  const [letter] = ingress.log.values<DeadLetter>(topics.deadLetters);
  if (!letter) throw new Error('it was not set aside');
  ingress.log.sent.length = 0;
  return letter;
}

function questionOf({ headers, value, originTimestamp }: DeadLetter): RequeueQuestion {
  const texts = Object.fromEntries(headers.map(({ key, value: text }) => [key, text.toString()]));
  const { ':method': method = '', ':url': url = '', ...kept } = texts;
  const body = value?.toString('base64') ?? '';
  const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;
  return { vendor: 'test', method, url, headers: kept, body, receivedAt: originTimestamp, traceparent };
}

function ask(question: object, token: string = REQUEUE_TOKEN) {
  const headers = { authorization: `Bearer ${token}` };
  return ingress.server.inject({ method: 'POST', url: requeuePath, payload: question, headers });
}

const notices = (): ChangeNotice[] => ingress.log.values({ name: 'change-notices.test' });
const body = (...events: object[]): string => JSON.stringify(events);

describe('a webhook that was set aside', () => {
  it('goes its way once its account is connected, with the time and the trace of the first time', async () => {
    const letter = await setAside(body(changeEvent()));
    await clock.advance(3_600_000);
    ingress.table.set('connection-1', connection());
    const answer = await ask(questionOf(letter));
    expect(answer.statusCode).toBe(200);
    expect(requeueAnswer.parse(answer.json())).toEqual({
      taken: true,
      problem: null,
      workspaceIds: ['workspace-1'],
    });
    expect(notices()).toMatchObject([{ entityId: 'invoice-1', receivedAt: 1_000_000, origin: 'webhook' }]);
    const [sent] = ingress.log.sent;
    expect(sent?.headers?.[headerNames.traceparent]).toContain(TRACE);
  });

  it('gives the notice that a redelivery by the vendor would give', async () => {
    const text = body(changeEvent());
    const letter = await setAside(text);
    ingress.table.set('connection-1', connection());
    await ask(questionOf(letter));
    await ingress.server.inject({
      method: 'POST',
      url: '/webhooks/test',
      payload: text,
      headers: { 'content-type': 'application/json', 'x-test-signature': signed(text, SECRET) },
    });
    const ids = notices().map(({ noticeId }) => noticeId);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  it('is left, and not set aside anew, while its account is not connected', async () => {
    const letter = await setAside(body(changeEvent()));
    const answer = requeueAnswer.parse((await ask(questionOf(letter))).json());
    expect(answer).toMatchObject({ taken: false, workspaceIds: [] });
    expect(answer.problem).toContain('1 of 1 events belong to accounts that nobody has connected');
    expect(ingress.log.sent).toEqual([]);
  });

  it('goes its way as far as it can when one of its accounts is still missing, and stays open', async () => {
    const letter = await setAside(body(changeEvent(), changeEvent({ accountId: 'account-2' })));
    ingress.table.set('connection-1', connection());
    const answer = requeueAnswer.parse((await ask(questionOf(letter))).json());
    expect(answer).toMatchObject({ taken: false, workspaceIds: ['workspace-1'] });
    expect(notices()).toHaveLength(1);
    expect(ingress.log.values(topics.deadLetters)).toEqual([]);
  });

  it('is left with the reason while it cannot be read', async () => {
    const letter = await setAside('{"not":"a list"}');
    const answer = requeueAnswer.parse((await ask(questionOf(letter))).json());
    expect(answer).toMatchObject({ taken: false });
    expect(answer.problem).toContain('still cannot be read: The body is no list of events.');
    expect(ingress.log.sent).toEqual([]);
  });

  it('is left when its signature does not hold: the token of console forges nothing', async () => {
    ingress.table.set('connection-1', connection());
    const headers = { 'x-test-signature': signed('[]', 'another key') };
    const bytes = Buffer.from(body(changeEvent())).toString('base64');
    const question = {
      vendor: 'test',
      method: 'POST',
      url: 'https://hooks.example.com/webhooks/test',
      headers,
    };
    const answer = await ask({ ...question, body: bytes, receivedAt: 1, traceparent: null });
    expect(requeueAnswer.parse(answer.json()).problem).toContain('signature-invalid');
    expect(ingress.log.sent).toEqual([]);
  });

  it('is answered 503 while the log is away', async () => {
    const letter = await setAside(body(changeEvent()));
    ingress.table.set('connection-1', connection());
    ingress.log.behaviour = () =>
      Promise.reject(new LedgerwireError('away', { code: 'log-unavailable', disposition: 'retry' }));
    expect((await ask(questionOf(letter))).statusCode).toBe(503);
    expect(ingress.failures).toHaveLength(1);
  });
});

it('lets in nobody but console', async () => {
  const letter = await setAside(body(changeEvent()));
  ingress.table.set('connection-1', connection());
  expect((await ask(questionOf(letter), 'a-token-of-somebody-else')).statusCode).toBe(401);
  const bare = await ingress.server.inject({ method: 'POST', url: requeuePath, payload: questionOf(letter) });
  expect(bare.statusCode).toBe(401);
  expect(ingress.log.sent).toEqual([]);
});

it('says so when the build has no such webhook, or the question is none', async () => {
  const letter = await setAside(body(changeEvent()));
  const question = questionOf(letter);
  const elsewhere = { ...question, url: 'https://hooks.example.com/webhooks/gone' };
  for (const unknown of [elsewhere, { ...question, vendor: 'nobody' }])
    expect(requeueAnswer.parse((await ask(unknown)).json()).problem).toContain('no such webhook');
  expect((await ask({ vendor: 'test' })).statusCode).toBe(400);
});

it('finds a connection in the route of a vendor with keys by connection', async () => {
  await ingress.server.close();
  const webhooks = testWebhooks({
    keyScope: 'connection',
    routes: [{ name: 'events', method: 'POST', path: 'test/:connectionId/:rule' }],
  });
  ingress = await startTestIngress({ webhooks, clock });
  const bytes = body(changeEvent());
  const url = 'https://hooks.example.com/webhooks/test/connection-1/a%20rule';
  const headers = { 'x-test-signature': signed(bytes, SECRET) };
  const question = {
    vendor: 'test',
    method: 'POST',
    url,
    headers,
    body: Buffer.from(bytes).toString('base64'),
  };
  const answer = await ask({ ...question, receivedAt: 1, traceparent: null });
  expect(requeueAnswer.parse(answer.json())).toMatchObject({ taken: true });
  expect(notices()).toHaveLength(1);
});
