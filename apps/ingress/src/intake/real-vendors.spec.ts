import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type ChangeNotice,
  type Communication,
  type DeadLetter,
  type DeliveryReport,
  topics,
} from '#libs/contracts';
import { connection, SECRET, startTestIngress, type TestIngress } from '../testing/test-ingress.js';
import { xeroBody, xeroEvent, xeroSignature } from '../testing/xero-webhook.js';
import { webhookVendors } from '../webhook-vendors.js';

/** The vendors of the build behind the real routes: what each must be answered, by its own documentation. */
let ingress: TestIngress | undefined;

afterEach(async () => {
  await ingress?.server.close();
  ingress = undefined;
});

async function start(vendor: string, ...accountIds: readonly string[]): Promise<TestIngress> {
  const webhooks = webhookVendors.find(({ id }) => id === vendor)?.webhooks;
  if (!webhooks) throw new Error(`the build has no webhooks of ${vendor}`);
  const connections = accountIds.map((accountId, index) =>
    connection({ vendor, accountId, ...(index > 0 && { connectionId: `another-${index}` }) }),
  );
  ingress = await startTestIngress({ vendor, webhooks, connections });
  return ingress;
}

const TENANT = '5f3c2a2e-5f0c-4c5e-9a3e-0a1b2c3d4e5f';

async function postXero(to: TestIngress, payload: string, key = SECRET) {
  return to.server.inject({
    method: 'POST',
    url: '/webhooks/xero',
    payload,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'x-xero-signature': xeroSignature(payload, key),
    },
  });
}

describe('Xero', () => {
  it('passes the intent to receive: 200 to the rightly signed, 401 to the others, no body and no cookie', async () => {
    const to = await start('xero', TENANT);
    const right = await postXero(to, xeroBody());
    const wrong = await postXero(to, xeroBody(), 'another key');
    const none = await to.server.inject({ method: 'POST', url: '/webhooks/xero', payload: xeroBody() });
    expect([right.statusCode, wrong.statusCode, none.statusCode]).toEqual([200, 401, 401]);
    for (const answer of [right, wrong, none]) {
      expect(answer.body).toBe('');
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
    expect(to.log.kept).toEqual([]);
  });

  it('has several events of one body taken together', async () => {
    const to = await start('xero', TENANT);
    const contact = { eventCategory: 'CONTACT', resourceId: 'contact-1' };
    expect((await postXero(to, xeroBody(xeroEvent(), xeroEvent(contact)))).statusCode).toBe(200);
    const notices = to.log.values<ChangeNotice>({ name: 'change-notices.xero' });
    expect(notices.map((notice) => notice.entityType)).toEqual(['invoice', 'contact']);
    expect(to.log.sends).toBe(1);
  });

  it('has the same notice however often it is delivered', async () => {
    const to = await start('xero', TENANT);
    for (let copy = 0; copy < 3; copy += 1)
      expect((await postXero(to, xeroBody(xeroEvent()))).statusCode).toBe(200);
    const notices = to.log.values<ChangeNotice>({ name: 'change-notices.xero' });
    expect(notices).toHaveLength(3);
    expect(new Set(notices.map(({ noticeId }) => noticeId)).size).toBe(1);
  });

  it('of an organisation that nobody has connected is kept as a dead letter, and answered 200', async () => {
    const to = await start('xero', TENANT);
    const stranger = xeroEvent({ tenantId: '99999999-5f0c-4c5e-9a3e-0a1b2c3d4e5f' });
    expect((await postXero(to, xeroBody(stranger))).statusCode).toBe(200);
    expect(to.log.values<ChangeNotice>({ name: 'change-notices.xero' })).toEqual([]);
    expect(to.log.values<DeadLetter>(topics.deadLetters)).toMatchObject([
      { errorCode: 'unknown-connection' },
    ]);
  });

  it('tells the organisations apart that share one webhook key, also within a body', async () => {
    const second = '0c1d2e3f-5f0c-4c5e-9a3e-0a1b2c3d4e5f';
    const to = await start('xero', TENANT, second);
    const body = xeroBody(xeroEvent(), xeroEvent({ tenantId: second }), xeroEvent({ tenantId: 'nobody' }));
    expect((await postXero(to, body)).statusCode).toBe(200);
    const notices = to.log.values<ChangeNotice>({ name: 'change-notices.xero' });
    expect(new Set(notices.map((notice) => notice.connectionId)).size).toBe(2);
    expect(notices[1]?.connectionId).toBe('another-1');
    // The stranger's event is kept, and holds up nobody's.
    expect(to.log.values(topics.deadLetters)).toHaveLength(1);
  });

  it('is never answered 5xx for what its events say, however odd', async () => {
    const to = await start('xero', TENANT);
    const word = fc.oneof(
      fc.constantFrom('constructor', '__proto__', 'toString', 'INVOICE', 'UPDATE', ''),
      fc.string(),
    );
    const events = fc.array(
      fc.record({
        eventCategory: word,
        eventType: word,
        resourceId: word,
        eventDateUtc: fc.oneof(word, fc.constant('2026-11-20T01:15:39.902')),
      }),
      { maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(events, async (list) => {
        const answer = await postXero(to, xeroBody(...list.map(xeroEvent)));
        expect(answer.statusCode).toBe(200);
      }),
      { numRuns: 300 },
    );
  });
});

const ACCOUNT_SID = 'AC00000000000000000000000000000001';

async function postTwilio(
  to: TestIngress,
  path: string,
  form: Readonly<Record<string, string>>,
  key = SECRET,
) {
  const url = `https://hooks.example.com${path}`;
  const signed =
    url +
    Object.keys(form)
      .sort()
      .map((name) => name + (form[name] ?? ''))
      .join('');
  return to.server.inject({
    method: 'POST',
    url: path,
    payload: new URLSearchParams(form).toString(),
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      'x-twilio-signature': createHmac('sha1', key).update(signed).digest('base64'),
    },
  });
}

describe('Twilio', () => {
  const inbound = {
    AccountSid: ACCOUNT_SID,
    MessageSid: 'SM2',
    From: '+447700900123',
    To: '+447700900999',
    Body: 'STOP',
  };

  it('has a status callback taken for the command in its path', async () => {
    const to = await start('twilio', ACCOUNT_SID);
    const form = { AccountSid: ACCOUNT_SID, MessageSid: 'SM1', MessageStatus: 'delivered' };
    const answer = await postTwilio(to, '/webhooks/twilio/connection-1/status/command-7', form);
    expect([answer.statusCode, answer.body]).toEqual([204, '']);
    expect(to.log.values<DeliveryReport>(topics.deliveryReports)).toEqual([
      expect.objectContaining({ commandId: 'command-7', messageSid: 'SM1', status: 'delivered' }),
    ]);
  });

  it('lets delivery reports wait for company, and nothing else', async () => {
    const to = await start('twilio', ACCOUNT_SID);
    const form = { AccountSid: ACCOUNT_SID, MessageSid: 'SM1', MessageStatus: 'delivered' };
    await postTwilio(to, '/webhooks/twilio/connection-1/status/command-7', form);
    await postTwilio(to, '/webhooks/twilio/connection-1/inbound', inbound);
    expect(to.log.timings.map(({ patienceMs }) => patienceMs)).toEqual([50, 0]);
  });

  it('has events of e-mails taken as delivery reports when their bytes are the signed ones', async () => {
    const to = await start('twilio', ACCOUNT_SID);
    const body = JSON.stringify([
      {
        id: 'EZ1',
        type: 'com.twilio.comms-api.message.delivered',
        data: { operation_id: 'op1', tags: { 'ledgerwire-command': 'command-7' } },
      },
    ]);
    const post = (payload: string) => {
      const url = `/webhooks/twilio/connection-1/email-events?bodySHA256=${createHash('sha256').update(body).digest('hex')}`;
      const signature = createHmac('sha1', SECRET).update(`https://hooks.example.com${url}`).digest('base64');
      const headers = { 'content-type': 'application/json', 'x-twilio-signature': signature };
      return to.server.inject({ method: 'POST', url, payload, headers });
    };
    expect((await post(body.replace('op1', 'op2'))).statusCode).toBe(403);
    expect(to.log.kept).toEqual([]);
    expect((await post(body)).statusCode).toBe(204);
    expect(to.log.values<DeliveryReport>(topics.deliveryReports)).toEqual([
      expect.objectContaining({
        commandId: 'command-7',
        messageSid: 'op1',
        channel: 'email',
        status: 'DELIVERED',
      }),
    ]);
  });

  it('gets an empty TwiML answer to an inbound message, so that nothing is sent back', async () => {
    const to = await start('twilio', ACCOUNT_SID);
    const answer = await postTwilio(to, '/webhooks/twilio/connection-1/inbound', inbound);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^text\/xml/);
    expect(answer.body).toContain('<Response></Response>');
    expect(to.log.values<Communication>(topics.communications)).toEqual([
      expect.objectContaining({ sid: 'SM2', optOutType: 'STOP' }),
    ]);
  });

  it('is refused with 403 when the signature is of another URL, another key or another account', async () => {
    const to = await start('twilio', ACCOUNT_SID);
    const path = '/webhooks/twilio/connection-1/inbound';
    const foreign = { ...inbound, AccountSid: 'AC00000000000000000000000000000002' };
    const answers = [
      await postTwilio(to, path, inbound, 'another key'),
      await postTwilio(to, path, foreign),
      await postTwilio(to, '/webhooks/twilio/nobody/inbound', inbound),
    ];
    for (const answer of answers) expect([answer.statusCode, answer.body]).toEqual([403, '']);
    expect(to.log.kept).toEqual([]);
  });
});
