import { parse as parseForm } from 'node:querystring';
import twilio from 'twilio';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SandboxUnderTest, type TestClients } from '../../testing/sandbox-under-test.js';
import { eventually, type ReceivedRequest, WebhookReceiver } from '../../testing/webhook-receiver.js';
import { twilioSdk } from './testing/twilio-sdk.js';

const TO = '+6421555321';
const { RestException } = twilio;

let sandbox: SandboxUnderTest;
let clients: TestClients['twilio'];
let client: ReturnType<typeof twilioSdk>;
let receiver: WebhookReceiver;
let from: string;

beforeAll(async () => {
  sandbox = await SandboxUnderTest.start();
}, 30_000);
afterAll(() => sandbox.stop());
beforeEach(async () => {
  await sandbox.post('/reset');
  ({ twilio: clients } = await sandbox.clients());
  client = twilioSdk(sandbox, clients, clients.accountSid, clients.authToken);
  from = clients.numbers[0] ?? '';
  receiver = await WebhookReceiver.start();
});
afterEach(() => receiver.close());

/** The error that the SDK raises. */
async function problemOf(call: Promise<unknown>): Promise<InstanceType<typeof RestException>> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RestException) return error;
    throw error;
  }
  throw new Error('the call succeeded');
}

function isSigned(
  request: ReceivedRequest,
  changes: Record<string, string> = {},
  authToken = clients.authToken,
): boolean {
  const fields = { ...parseForm(request.body), ...changes };
  return twilio.validateRequest(authToken, request.headers['x-twilio-signature'] ?? '', request.url, fields);
}

function statusOf(request: ReceivedRequest): string {
  return String(parseForm(request.body)['MessageStatus']);
}

describe('the twilio SDK sends', () => {
  test('by number with the auth token', async () => {
    const message = await client.messages.create({ to: TO, from, body: 'Kia ora' });
    expect(message).toMatchObject({
      status: 'queued',
      to: TO,
      from,
      body: 'Kia ora',
      numSegments: '1',
      price: null,
    });
    expect(message.sid).toMatch(/^SM[0-9a-f]{32}$/);
    expect(message.dateCreated).toBeInstanceOf(Date);
  });

  test('by Messaging Service with an API key: the sender is chosen later', async () => {
    const byKey = twilioSdk(sandbox, clients, clients.apiKeySid, clients.apiKeySecret);
    const { messagingServiceSid } = clients;
    const message = await byKey.messages.create({ to: '+447400555321', messagingServiceSid, body: 'Hello' });
    expect(message).toMatchObject({ status: 'accepted', from: null, numSegments: '0', messagingServiceSid });
    const delivered = await eventually(async () => {
      const read = await byKey.messages(message.sid).fetch();
      return read.status === 'delivered' && read;
    });
    expect(delivered).toMatchObject({ from: '+447400555000', numSegments: '1', errorCode: null });
    expect(delivered.dateSent).toBeInstanceOf(Date);
  });

  test('and learns the price only after a while', async () => {
    const { sid } = await client.messages.create({ to: TO, from, body: 'x'.repeat(161) });
    await sandbox.advance(60_000);
    expect(await client.messages(sid).fetch()).toMatchObject({
      status: 'delivered',
      numSegments: '2',
      price: '-0.01580',
    });
  });

  test('a scheduled message, cancels it, redacts and deletes another', async () => {
    const { messagingServiceSid } = clients;
    const sendAt = new Date(Date.now() + 3_600_000);
    const scheduled = await client.messages.create({
      to: TO,
      messagingServiceSid,
      body: 'Later',
      scheduleType: 'fixed',
      sendAt,
    });
    expect(scheduled.status).toBe('scheduled');
    expect((await client.messages(scheduled.sid).update({ status: 'canceled' })).status).toBe('canceled');
    await sandbox.advance(7_200_000);
    expect((await client.messages(scheduled.sid).fetch()).status).toBe('canceled');
    const { sid } = await client.messages.create({ to: TO, from, body: 'Secret' });
    expect((await problemOf(client.messages(sid).update({ status: 'canceled' }))).status).toBe(409);
    await sandbox.advance(60_000);
    expect((await client.messages(sid).update({ body: '' })).body).toBe('');
    expect(await client.messages(sid).remove()).toBe(true);
    expect((await problemOf(client.messages(sid).fetch())).code).toBe(20404);
  });

  test('a scheduled message that leaves when it is due', async () => {
    const { messagingServiceSid } = clients;
    const sendAt = new Date(Date.now() + 3_600_000);
    const { sid } = await client.messages.create({
      to: TO,
      messagingServiceSid,
      body: 'Later',
      scheduleType: 'fixed',
      sendAt,
    });
    await sandbox.advance(3_590_000);
    expect((await client.messages(sid).fetch()).status).toBe('scheduled');
    await sandbox.advance(20_000);
    expect((await client.messages(sid).fetch()).status).toBe('delivered');
  });
});

describe('the twilio SDK lists', () => {
  test('newest first, page by page', async () => {
    for (let index = 0; index < 7; index += 1)
      await client.messages.create({ to: TO, from, body: `Number ${String(index)}` });
    await client.messages.create({ to: '+6421555999', from, body: 'Somebody else' });
    const listed = await client.messages.list({ to: TO, pageSize: 3 });
    expect(listed.map(({ body }) => body)).toEqual(
      [6, 5, 4, 3, 2, 1, 0].map((index) => `Number ${String(index)}`),
    );
    expect(await client.messages.list({ limit: 2, pageSize: 2 })).toHaveLength(2);
    expect(await client.messages.list({ from: '+15550000000' })).toEqual([]);
  });

  test('by the day of sending, without what was not sent yet', async () => {
    await sandbox.post('/twilio/progress', { sendingMs: 600_000 });
    const { sid } = await client.messages.create({ to: TO, from, body: 'Dated' });
    const { now } = await sandbox.get<{ now: string }>('/clock');
    const today = new Date(`${now.slice(0, 10)}T00:00:00Z`);
    const twoDaysLater = new Date(today.getTime() + 2 * 86_400_000);
    const listed = (filter: object): Promise<string[]> =>
      client.messages.list({ to: TO, ...filter }).then((messages) => messages.map((message) => message.sid));
    expect(await listed({ dateSentAfter: today })).toEqual([]);
    await sandbox.advance(600_100);
    expect(await listed({ dateSentAfter: today })).toEqual([sid]);
    expect(await listed({ dateSentAfter: twoDaysLater })).toEqual([]);
    expect(await listed({ dateSentBefore: twoDaysLater })).toEqual([sid]);
    expect(await listed({ dateSent: twoDaysLater })).toEqual([]);
  });
});

describe('errors come as RestException', () => {
  test.each([
    [{ to: '12', body: 'x' }, 400, 21211],
    [{ to: '+15005550001', body: 'x' }, 400, 21211],
    [{ to: '+15005550009', body: 'x' }, 400, 21614],
    [{ to: '+15005550002', body: 'x' }, 400, 21612],
    [{ to: '+15005550003', body: 'x' }, 400, 21408],
    [{ to: '+15005550429', body: 'x' }, 429, 20429],
    [{ to: '+15005550500', body: 'x' }, 500, 20500],
    [{ to: TO, body: 'x', from: '+6421999999' }, 400, 21606],
    [{ to: TO, body: 'x', from: '+15005550001' }, 400, 21212],
    [{ to: TO }, 400, 21602],
    [{ to: TO, body: 'x'.repeat(1601) }, 400, 21617],
    [{ to: TO, body: 'x', statusCallback: 'http://my_host/x' }, 400, 21609],
    [{ to: TO, body: 'x', messagingServiceSid: `MG${'0'.repeat(32)}` }, 404, 21701],
  ])('%o: %i %i', async (parameters, status, code) => {
    const problem = await problemOf(client.messages.create({ from, ...parameters }));
    expect(problem).toMatchObject({
      status,
      code,
      moreInfo: `https://www.twilio.com/docs/errors/${String(code)}`,
    });
    expect(await sandbox.ledger()).toEqual([]);
  });

  test('without a recipient or a sender', async () => {
    expect((await problemOf(client.messages.create({ to: TO, body: 'x' }))).code).toBe(21603);
    expect((await problemOf(client.messages.create({ to: '', from, body: 'x' }))).code).toBe(21604);
  });

  test('with wrong credentials', async () => {
    const stranger = twilioSdk(sandbox, clients, clients.accountSid, 'wrong');
    expect(await problemOf(stranger.messages.list())).toMatchObject({ status: 401, code: 20003 });
  });

  test('beyond the limits that were set', async () => {
    await sandbox.post('/limits', { vendor: 'twilio', perSecond: 1 });
    await client.messages.create({ to: TO, from, body: 'first' });
    expect(await problemOf(client.messages.create({ to: TO, from, body: 'second' }))).toMatchObject({
      status: 429,
      code: 20429,
    });
    await sandbox.advance(1100);
    expect((await client.messages.create({ to: TO, from, body: 'third' })).status).toBe('queued');
  });
});

describe('status callbacks', () => {
  test('follow the message, signed, without its first status, and not accepted when changed', async () => {
    const url = `${receiver.url}/twilio/c1/status/cmd-1?x=1`;
    const { sid } = await client.messages.create({
      to: TO,
      from,
      body: 'x',
      statusCallback: `${url}#rc=2&rp=5xx`,
    });
    const requests = await receiver.until(2);
    expect(requests.map(statusOf).toSorted()).toEqual(['delivered', 'sent']);
    for (const request of requests) {
      expect(request.url).toBe(url);
      expect(isSigned(request)).toBe(true);
      expect(isSigned(request, { MessageStatus: 'failed' })).toBe(false);
      expect(isSigned(request, {}, clients.apiKeySecret)).toBe(false);
      expect(parseForm(request.body)).toMatchObject({
        MessageSid: sid,
        SmsSid: sid,
        AccountSid: clients.accountSid,
        To: TO,
        From: from,
      });
      expect(parseForm(request.body)).not.toHaveProperty('Price');
    }
    expect(await sandbox.ledger()).toMatchObject([{ id: sid, key: `${url}#rc=2&rp=5xx`, to: TO }]);
  });

  test('of a service tell queued as well', async () => {
    const { messagingServiceSid } = clients;
    await client.messages.create({ to: TO, messagingServiceSid, body: 'x', statusCallback: receiver.url });
    const statuses = (await receiver.until(3)).map(statusOf);
    expect(statuses.toSorted()).toEqual(['delivered', 'queued', 'sent']);
    expect(parseForm(receiver.requests[0]?.body ?? '')).toMatchObject({
      MessagingServiceSid: messagingServiceSid,
    });
  });

  test.each([
    ['+15005553003', '30003'],
    ['+15005553005', '30005'],
    ['+15005553006', '30006'],
    ['+15005553007', '30007'],
  ])('to %s end undelivered with %s', async (to, code) => {
    await client.messages.create({ to, from, body: 'x', statusCallback: receiver.url });
    const [last] = await receiver.until(1, (request) => statusOf(request) === 'undelivered');
    expect(parseForm(last?.body ?? '')).toMatchObject({ ErrorCode: code, ErrorMessage: expect.any(String) });
  });

  test('are retried as the fragment says, with one idempotency token', async () => {
    receiver.answer = (_request, response, index) => void response.writeHead(index < 2 ? 503 : 204).end();
    await sandbox.post('/twilio/progress', { callbackStatuses: ['sent'] });
    await client.messages.create({
      to: TO,
      from,
      body: 'x',
      statusCallback: `${receiver.url}/a#rc=3&rp=4xx,5xx,ct,rt`,
    });
    const requests = await receiver.until(3);
    expect(new Set(requests.map(({ headers }) => headers['i-twilio-idempotency-token'])).size).toBe(1);
    expect(
      (
        await eventually(async () => {
          const found = await sandbox.deliveries('twilio');
          return found.length === 3 && found;
        })
      ).map(({ attempt, status }) => [attempt, status]),
    ).toEqual([
      [1, 503],
      [2, 503],
      [3, 204],
    ]);
  });

  test('are not retried on a 5xx unless the fragment asks for it', async () => {
    receiver.answer = (_request, response) => void response.writeHead(503).end();
    await client.messages.create({ to: TO, from, body: 'x', statusCallback: `${receiver.url}/a` });
    await receiver.until(2);
    await eventually(async () => (await sandbox.deliveries('twilio')).length === 2);
    await sandbox.advance(60_000);
    expect(receiver.requests.map(statusOf).toSorted()).toEqual(['delivered', 'sent']);
  });

  test('are retried once when nobody listens, also without a fragment', async () => {
    const { url } = receiver;
    await receiver.close();
    await sandbox.post('/twilio/progress', { callbackStatuses: ['sent'] });
    await client.messages.create({ to: TO, from, body: 'x', statusCallback: url });
    const attempts = await eventually(async () => {
      const found = await sandbox.deliveries('twilio');
      return found.length === 2 && found;
    });
    expect(attempts).toMatchObject([
      { attempt: 1, outcome: 'connect-failed' },
      { attempt: 2, outcome: 'connect-failed' },
    ]);
    receiver = await WebhookReceiver.start();
  });

  test('are repeated and dropped when asked to', async () => {
    await sandbox.post('/webhooks', { vendor: 'twilio', duplicates: 1 });
    await client.messages.create({ to: TO, from, body: 'x', statusCallback: receiver.url });
    expect((await receiver.until(4)).map(statusOf).toSorted()).toEqual([
      'delivered',
      'delivered',
      'sent',
      'sent',
    ]);
    await sandbox.post('/webhooks', { vendor: 'twilio', dropFraction: 1 });
    await client.messages.create({ to: TO, from, body: 'y', statusCallback: receiver.url });
    await eventually(
      async () =>
        (await sandbox.deliveries('twilio')).filter(({ outcome }) => outcome === 'dropped').length === 2,
    );
    expect(receiver.requests).toHaveLength(4);
  });
});

describe('incoming texts', () => {
  test('reach the service’s webhook, signed, and STOP blocks until START', async () => {
    const { messagingServiceSid } = clients;
    await client.messaging.v1
      .services(messagingServiceSid)
      .update({ inboundRequestUrl: `${receiver.url}/inbound` });
    receiver.answer = (_request, response) =>
      void response.writeHead(200, { 'content-type': 'text/xml' }).end('<Response/>');
    await sandbox.post('/twilio/inbound', { from: TO, to: from, body: ' stop ' });
    const [request] = await receiver.until(1);
    expect(request && isSigned(request)).toBe(true);
    expect(parseForm(request?.body ?? '')).toMatchObject({
      From: TO,
      To: from,
      Body: ' stop ',
      SmsStatus: 'received',
      OptOutType: 'STOP',
      NumMedia: '0',
    });
    expect(await problemOf(client.messages.create({ to: TO, messagingServiceSid, body: 'x' }))).toMatchObject(
      { status: 400, code: 21610 },
    );
    expect((await problemOf(client.messages.create({ to: TO, from, body: 'x' }))).code).toBe(21610);
    await sandbox.post('/twilio/inbound', { from: TO, to: from, body: 'START' });
    expect((await client.messages.create({ to: TO, from, body: 'x' })).status).toBe('queued');
    expect((await client.messages.list({ from: TO })).map(({ direction }) => direction)).toEqual([
      'inbound',
      'inbound',
    ]);
  });

  test('that mention stop among other words block nobody', async () => {
    await sandbox.post('/twilio/inbound', { from: TO, to: from, body: 'please stop' });
    expect((await client.messages.create({ to: TO, from, body: 'x' })).status).toBe('queued');
  });

  test('are warned about when the answer is no TwiML', async () => {
    await sandbox.post('/webhooks', { vendor: 'twilio', inboundUrl: `${receiver.url}/inbound` });
    receiver.answer = (_request, response) =>
      void response.writeHead(200, { 'content-type': 'text/plain' }).end('Thanks');
    await sandbox.post('/twilio/inbound', { from: TO, to: from, body: 'Hello' });
    const [attempt] = await eventually(async () => {
      const found = await sandbox.deliveries('twilio');
      return found.length === 1 && found;
    });
    expect(attempt?.warning).toContain('12300');
  });
});

describe('the other hosts', () => {
  test('Messaging Services are created, filled and listed', async () => {
    const service = await client.messaging.v1.services.create({
      friendlyName: 'Reminders',
      statusCallback: receiver.url,
    });
    expect(
      (await problemOf(client.messages.create({ to: TO, messagingServiceSid: service.sid, body: 'x' }))).code,
    ).toBe(21703);
    const [number] = await client.incomingPhoneNumbers.list();
    const senders = client.messaging.v1.services(service.sid).phoneNumbers;
    const taken = senders.create({ phoneNumberSid: number?.sid ?? '' });
    expect((await problemOf(taken)).code).toBe(21712);
    await client.messaging.v1
      .services(clients.messagingServiceSid)
      .phoneNumbers(number?.sid ?? '')
      .remove();
    await senders.create({ phoneNumberSid: number?.sid ?? '' });
    const message = await client.messages.create({ to: TO, messagingServiceSid: service.sid, body: 'x' });
    expect(message.status).toBe('accepted');
    await receiver.until(3);
    expect((await client.messaging.v1.services.list()).map(({ friendlyName }) => friendlyName)).toEqual([
      'Ledgerwire',
      'Reminders',
    ]);
  });

  test('Sync keeps items, guards them by revision and pages through them', async () => {
    const service = await client.sync.v1.services.create({ friendlyName: 'Contacts' });
    const { syncMaps } = client.sync.v1.services(service.sid);
    await syncMaps.create({ uniqueName: 'contacts-1' });
    const items = syncMaps('contacts-1').syncMapItems;
    const created = await items.create({ key: 'xero:1', data: { smsOptIn: true } });
    const changed = await items('xero:1').update({ ifMatch: created.revision, data: { smsOptIn: false } });
    expect(changed.revision).not.toBe(created.revision);
    expect(await problemOf(items('xero:1').update({ ifMatch: created.revision, data: {} }))).toMatchObject({
      status: 412,
      code: 20412,
    });
    expect((await items('xero:1').fetch()).data).toEqual({ smsOptIn: false });
    expect((await problemOf(items.create({ key: 'xero:1', data: {} }))).code).toBe(54208);
    for (let index = 0; index < 120; index += 1)
      await items.create({ key: `k${String(index)}`, data: {}, ttl: 60 });
    expect(await items.list({ pageSize: 50 })).toHaveLength(121);
    await sandbox.advance(61_000);
    expect(await items.list()).toHaveLength(1);
    expect(await items('xero:1').remove()).toBe(true);
    expect(await syncMaps('contacts-1').remove()).toBe(true);
  });

  test('bulk consents change the block list, item by item', async () => {
    const item = {
      contact_id: TO,
      correlation_id: 'a'.repeat(32),
      sender_id: clients.messagingServiceSid,
      status: 'opt-out',
      source: 'website',
    };
    const answer = await client.accounts.v1.bulkConsents.create({
      items: [item, { ...item, contact_id: 'nobody' }],
    });
    expect(answer.items).toMatchObject([{ error_code: 0 }, { error_code: 30646 }]);
    const { messagingServiceSid } = clients;
    expect((await problemOf(client.messages.create({ to: TO, messagingServiceSid, body: 'x' }))).code).toBe(
      21610,
    );
    await client.accounts.v1.bulkContacts.create({
      items: [{ contact_id: TO, correlation_id: 'b'.repeat(32), country_iso_code: 'NZ', zip_code: '6011' }],
    });
    expect((await sandbox.ledger()).map(({ kind }) => kind)).toEqual(['consent', 'bulk-contact']);
  });

  test('a promoted auth token signs from then on, and the old one is refused', async () => {
    const secondary = await client.accounts.v1.secondaryAuthToken().create();
    await client.messages.create({ to: TO, from, body: 'x', statusCallback: `${receiver.url}/before` });
    const [before] = await receiver.until(1);
    expect(before && isSigned(before)).toBe(true);
    const promoted = await client.accounts.v1.authTokenPromotion().update();
    expect(promoted.authToken).toBe(secondary.secondaryAuthToken);
    expect((await problemOf(client.messages.list())).status).toBe(401);
    const renewed = twilioSdk(sandbox, clients, clients.accountSid, promoted.authToken);
    await renewed.messages.create({ to: TO, from, body: 'y', statusCallback: `${receiver.url}/after` });
    const [after] = await receiver.until(1, ({ url }) => url.endsWith('/after'));
    expect(after && isSigned(after, {}, promoted.authToken)).toBe(true);
    expect(after && isSigned(after)).toBe(false);
  });

  test('the account and its numbers can be read', async () => {
    expect(await client.api.v2010.accounts(clients.accountSid).fetch()).toMatchObject({
      status: 'active',
      sid: clients.accountSid,
    });
    const [number] = await client.incomingPhoneNumbers.list({ phoneNumber: from });
    await client.incomingPhoneNumbers(number?.sid ?? '').update({ smsUrl: `${receiver.url}/number` });
    expect((await client.incomingPhoneNumbers.list({ phoneNumber: from }))[0]?.smsUrl).toBe(
      `${receiver.url}/number`,
    );
  });
});
