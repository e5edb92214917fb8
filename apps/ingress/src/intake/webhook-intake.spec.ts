import { afterEach, describe, expect, it, vi } from 'vitest';
import { type ChangeNotice, type DeadLetter, type Outcome, topics } from '#libs/contracts';
import { LedgerwireError, ManualClock } from '#libs/core';
import type { VendorWebhooks } from '#libs/vendor-kit';
import {
  connection,
  SECRET,
  startTestIngress,
  type TestIngress,
  type TestIngressOptions,
} from '../testing/test-ingress.js';
import { changeEvent, signed, testWebhooks } from '../testing/test-vendor.js';

let ingress: TestIngress | undefined;

afterEach(async () => {
  await ingress?.server.close();
  ingress = undefined;
});

async function start(options: TestIngressOptions = {}): Promise<TestIngress> {
  ingress = await startTestIngress(options);
  return ingress;
}

type Answer = Awaited<ReturnType<typeof post>>;

async function post(
  to: TestIngress,
  body: unknown,
  options: { secret?: string; url?: string; headers?: object } = {},
) {
  const payload = typeof body === 'string' ? body : JSON.stringify(body);
  return to.server.inject({
    method: 'POST',
    url: options.url ?? '/webhooks/test',
    payload,
    headers: {
      'content-type': 'application/json',
      'x-test-signature': signed(payload, options.secret ?? SECRET),
      ...options.headers,
    },
  });
}

function notices(of: TestIngress): ChangeNotice[] {
  return of.log.values({ name: 'change-notices.test' });
}

function outcomes(of: TestIngress): Outcome[] {
  return of.log.values(topics.outcomes);
}

function deadLetters(of: TestIngress): DeadLetter[] {
  return of.log.values(topics.deadLetters);
}

function expectPlain(answer: Answer, status: number): void {
  expect(answer.statusCode).toBe(status);
  expect(answer.body).toBe('');
  expect(Object.keys(answer.headers).sort()).toEqual(['connection', 'content-length', 'date']);
}

describe('a rightly signed webhook', () => {
  it('is answered with nothing but its status after every event is in the log, in one send', async () => {
    const to = await start();
    const answer = await post(to, [changeEvent(), changeEvent({ entityId: 'invoice-2' })]);
    expectPlain(answer, 200);
    expect(to.log.sends).toBe(1);
    expect(notices(to).map((notice) => notice.entityId)).toEqual(['invoice-1', 'invoice-2']);
    expect(to.log.sent.map((record) => [record.topic.name, record.key])).toEqual([
      ['change-notices.test', 'connection-1'],
      ['change-notices.test', 'connection-1'],
    ]);
  });

  it('is not answered before the log has acknowledged', async () => {
    const to = await start();
    const order: string[] = [];
    let acknowledge = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      to.log.behaviour = () => {
        resolve();
        return new Promise((done) => {
          acknowledge = done;
        });
      };
    });
    const answered = post(to, [changeEvent()]).then(() => order.push('answered'));
    await asked;
    order.push('acknowledged');
    acknowledge();
    await answered;
    expect(order).toEqual(['acknowledged', 'answered']);
  });

  it('leads to a notice with a trace, its workspace and its origin, of which console makes the line of the trail', async () => {
    const to = await start();
    await post(to, [changeEvent()]);
    expect(notices(to)).toEqual([
      expect.objectContaining({
        noticeId: expect.stringMatching(/^[0-9a-f]{40}$/),
        webhookId: expect.stringMatching(/^[0-9a-f]{40}$/),
        workspaceId: 'workspace-1',
        connectionId: 'connection-1',
        vendor: 'test',
        origin: 'webhook',
        entityType: 'invoice',
        entityId: 'invoice-1',
      }),
    ]);
    expect(to.log.sent[0]?.headers).toEqual({
      traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
      origin: 'webhook',
      workspace: 'workspace-1',
    });
  });

  it('gives the same notices when the vendor delivers it again', async () => {
    const to = await start();
    await post(to, [changeEvent()]);
    await post(to, [changeEvent()]);
    expect(new Set(notices(to).map((notice) => notice.noticeId)).size).toBe(1);
    expect(notices(to)).toHaveLength(2);
  });

  it('goes to every workspace that has connected the account', async () => {
    const to = await start({
      connections: [connection(), connection({ connectionId: 'connection-2', workspaceId: 'workspace-2' })],
    });
    await post(to, [changeEvent()]);
    expect(notices(to).map((notice) => notice.workspaceId)).toEqual(['workspace-1', 'workspace-2']);
  });

  it('writes a wide line about itself', async () => {
    const to = await start();
    await post(to, [changeEvent()]);
    expect(to.lines).toEqual([
      expect.objectContaining({ vendor: 'test', route: 'events', events: 1, ignored: 0, unknown: 0 }),
    ]);
  });

  it('that only tries us out is answered without touching the log', async () => {
    const to = await start();
    expectPlain(await post(to, []), 200);
    expect(to.log.sends).toBe(0);
  });
});

describe('a webhook about an account', () => {
  it('that nobody has connected is kept whole as a dead letter and answered 2xx', async () => {
    const to = await start();
    const body = JSON.stringify([changeEvent(), changeEvent({ accountId: 'stranger' })]);
    expectPlain(await post(to, body), 200);
    expect(notices(to)).toHaveLength(1);
    const [letter] = deadLetters(to);
    expect(letter).toMatchObject({
      originTopic: 'webhooks.test',
      originPartition: -1,
      originOffset: -1,
      errorCode: 'unknown-connection',
      errorMessage: '1 of 2 events belong to accounts that nobody has connected.',
    });
    expect(letter?.value?.toString()).toBe(body);
    expect(
      Object.fromEntries(letter?.headers.map(({ key, value }) => [key, value.toString()]) ?? []),
    ).toEqual({
      ':method': 'POST',
      ':url': 'https://hooks.example.com/webhooks/test',
      'content-type': 'application/json',
      'x-test-signature': signed(body, SECRET),
    });
    expect(outcomes(to)).toContainEqual(
      expect.objectContaining({
        status: 'dead-lettered',
        reason: 'unknown-connection',
        workspaceId: 'unassigned',
      }),
    );
  });

  it('has one dead letter however often it is delivered', async () => {
    const to = await start({ connections: [] });
    await post(to, [changeEvent()]);
    await post(to, [changeEvent()]);
    expect(new Set(deadLetters(to).map((letter) => letter.deadLetterId)).size).toBe(1);
  });

  it('is accepted from the moment its connection appears, and not after it is removed or moved', async () => {
    const to = await start({ connections: [] });
    to.table.set('connection-1', connection());
    await post(to, [changeEvent()]);
    expect(notices(to)).toHaveLength(1);
    to.table.set('connection-1', connection({ accountId: 'account-2' }));
    await post(to, [changeEvent()]);
    expect(notices(to)).toHaveLength(1);
    await post(to, [changeEvent({ accountId: 'account-2' })]);
    expect(notices(to)).toHaveLength(2);
    to.table.set('connection-1', undefined);
    await post(to, [changeEvent({ accountId: 'account-2' })]);
    expect(notices(to)).toHaveLength(2);
  });

  it('that its owner has disconnected is told as skipped and leads to nothing', async () => {
    const to = await start({ connections: [connection({ status: 'disconnected' })] });
    expectPlain(await post(to, [changeEvent()]), 200);
    expect(notices(to)).toEqual([]);
    expect(deadLetters(to)).toEqual([]);
    expect(outcomes(to)).toEqual([
      expect.objectContaining({
        status: 'skipped',
        reason: 'connection-disconnected',
        workspaceId: 'workspace-1',
      }),
    ]);
  });
});

describe('a webhook that is not what it should be', () => {
  it('is refused with an empty body when it is forged, and told without anything that it said', async () => {
    const to = await start();
    expectPlain(await post(to, [changeEvent()], { secret: 'guess' }), 401);
    expect(to.log.sent.map(({ topic }) => topic.name)).toEqual([topics.outcomes.name]);
    expect(outcomes(to)).toEqual([
      expect.objectContaining({
        workspaceId: 'unassigned',
        step: 'accept',
        status: 'refused',
        reason: 'signature-invalid',
        entityId: null,
        webhookIds: [],
      }),
    ]);
    expect(await to.registry.metrics()).toContain(
      'webhook_requests_total{vendor="test",outcome="signature-invalid"} 1',
    );
  });

  it('takes one line of the trail a minute, however many are forged', async () => {
    const clock = new ManualClock();
    const to = await start({ clock });
    const forge = () => post(to, [changeEvent()], { secret: 'guess' });
    for (let round = 0; round < 12; round += 1) await forge();
    expect(outcomes(to)).toHaveLength(1);
    await clock.advance(60_000);
    expect(outcomes(to).map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^One with a signature/),
      expect.stringMatching(/^11 within a minute with a signature/),
    ]);
    await clock.advance(60_000);
    await forge();
    expect(outcomes(to)).toHaveLength(3);
    expect(new Set(outcomes(to).map(({ outcomeId }) => outcomeId)).size).toBe(3);
  });

  it('is answered as ever when the trail cannot be told that it was refused, at once or later', async () => {
    const refusal = new LedgerwireError('no', { code: 'log-unavailable', disposition: 'retry' });
    const failing: (() => Promise<void>)[] = [
      () => Promise.reject(refusal),
      () => {
        throw refusal;
      },
    ];
    for (const behaviour of failing) {
      const to = await startTestIngress();
      to.log.behaviour = behaviour;
      expectPlain(await post(to, [changeEvent()], { secret: 'guess' }), 401);
      await vi.waitFor(() => expect(to.failures).toHaveLength(1));
      await to.server.close();
    }
  });

  it('is a dead letter and 2xx when it is signed but cannot be read', async () => {
    const to = await start();
    expectPlain(await post(to, '[{"kind":'), 200);
    expect(deadLetters(to)).toEqual([
      expect.objectContaining({ errorCode: 'malformed-webhook', value: Buffer.from('[{"kind":') }),
    ]);
    expect(outcomes(to)).toEqual([
      expect.objectContaining({ status: 'dead-lettered', reason: 'malformed-webhook' }),
    ]);
  });

  it('is a dead letter when one of its values does not fit the schema, and holds nothing back', async () => {
    const to = await start({ maxPendingBytes: 500 });
    const refusal = new LedgerwireError('no', { code: 'invalid-value', disposition: 'dead-letter' });
    const keep = to.log.behaviour;
    for (let round = 0; round < 10; round += 1) {
      to.log.behaviour = () => {
        to.log.behaviour = keep;
        throw refusal;
      };
      expectPlain(await post(to, [changeEvent()]), 200);
    }
    expect(deadLetters(to)).toHaveLength(10);
    expect(deadLetters(to)[0]).toMatchObject({
      errorCode: 'malformed-webhook',
      errorMessage: 'An event cannot be written (invalid-value).',
    });
  });

  it('is a dead letter when a vendor made something of it that no record can be made of', async () => {
    const to = await start();
    expectPlain(await post(to, [changeEvent({ entityType: 7 })]), 200);
    expect(deadLetters(to)).toEqual([expect.objectContaining({ errorCode: 'malformed-webhook' })]);
    expect(notices(to)).toEqual([]);
  });

  it('is 503 when not even its dead letter can be kept', async () => {
    const to = await start();
    to.log.behaviour = () =>
      Promise.reject(new LedgerwireError('no', { code: 'log-unavailable', disposition: 'retry' }));
    expect((await post(to, '[')).statusCode).toBe(503);
  });
});

describe('while the log is away', () => {
  it('answers 503 with a time to come again', async () => {
    const to = await start();
    to.log.behaviour = () =>
      Promise.reject(new LedgerwireError('no', { code: 'log-unavailable', disposition: 'retry' }));
    const answer = await post(to, [changeEvent()]);
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('5');
    expect(answer.body).toBe('');
    expect(to.failures).toEqual([expect.objectContaining({ code: 'log-unavailable' })]);
  });

  it('takes no connection for unknown before it has read them all', async () => {
    const to = await start({ connections: [] });
    to.table.complete = false;
    const body = [changeEvent()];
    expect((await post(to, body)).statusCode).toBe(503);
    expect(to.log.sent).toEqual([]);
    to.table.set(connection().connectionId, connection());
    to.table.complete = true;
    expect((await post(to, body)).statusCode).toBe(200);
    expect(notices(to)).toHaveLength(1);
    expect(deadLetters(to)).toEqual([]);
  });

  it('answers 503 a second before the vendor would give up', async () => {
    const clock = new ManualClock();
    const to = await start({ clock });
    const asked = new Promise<void>((resolve) => {
      to.log.behaviour = () => {
        resolve();
        return new Promise(() => undefined);
      };
    });
    const answering = post(to, [changeEvent()]);
    await asked;
    await clock.advance(3_999);
    expect(to.failures).toEqual([]);
    await clock.advance(1);
    expect((await answering).statusCode).toBe(503);
    expect(to.failures).toEqual([expect.objectContaining({ code: 'log-unavailable' })]);
  });

  it('holds only so many bytes and answers the rest 503 at once', async () => {
    const body = JSON.stringify([changeEvent()]);
    const to = await start({ maxPendingBytes: body.length });
    let acknowledge = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      to.log.behaviour = () => {
        resolve();
        return new Promise((done) => {
          acknowledge = done;
        });
      };
    });
    const first = post(to, body);
    await asked;
    expect((await post(to, body)).statusCode).toBe(503);
    acknowledge();
    expect((await first).statusCode).toBe(200);
    to.log.behaviour = () => Promise.resolve();
    expect((await post(to, body)).statusCode).toBe(200);
  });
});

describe('a vendor with keys by connection', () => {
  const webhooks: VendorWebhooks = testWebhooks({
    keyScope: 'connection',
    routes: [{ name: 'events', method: 'POST', path: 'test/:connectionId' }],
  });

  it('has its events taken for the connection of the route', async () => {
    const to = await start({
      webhooks,
      connections: [connection(), connection({ connectionId: 'connection-2' })],
    });
    expectPlain(await post(to, [changeEvent()], { url: '/webhooks/test/connection-2' }), 200);
    expect(notices(to).map((notice) => notice.connectionId)).toEqual(['connection-2']);
  });

  it('answers what the vendor expects for a connection that does not exist, without asking for keys', async () => {
    const to = await start({ webhooks });
    expectPlain(await post(to, [changeEvent()], { url: '/webhooks/test/nobody' }), 404);
    expectPlain(await post(to, [changeEvent()], { url: '/webhooks/test/__proto__' }), 404);
    expect(to.keys.asked).toBe(0);
    expect(outcomes(to)).toEqual([
      expect.objectContaining({ status: 'refused', reason: 'unknown-route', connectionId: null }),
    ]);
  });

  it('tells the workspace of a connection of what was forged for it', async () => {
    const to = await start({ webhooks });
    const forged = { url: '/webhooks/test/connection-1', secret: 'guess' };
    expectPlain(await post(to, [changeEvent()], forged), 401);
    expect(outcomes(to)).toEqual([
      expect.objectContaining({
        workspaceId: 'workspace-1',
        connectionId: 'connection-1',
        status: 'refused',
        reason: 'signature-invalid',
      }),
    ]);
  });

  it("does not take one vendor's connection for another's", async () => {
    const to = await start({ webhooks, connections: [connection({ vendor: 'other' })] });
    const answer = await post(to, [changeEvent()], { url: '/webhooks/test/connection-1' });
    expect(answer.statusCode).toBe(404);
  });
});
