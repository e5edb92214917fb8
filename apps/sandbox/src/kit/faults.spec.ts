import { createConnection } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { request } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SandboxUnderTest, type TestClients } from '../testing/sandbox-under-test.js';
import { eventually } from '../testing/webhook-receiver.js';

let sandbox: SandboxUnderTest;
let twilio: TestClients['twilio'];

beforeAll(async () => {
  sandbox = await SandboxUnderTest.start();
}, 30_000);
afterAll(() => sandbox.stop());
beforeEach(async () => {
  await sandbox.post('/reset');
  ({ twilio } = await sandbox.clients());
});

/** Sends an SMS over a connection of its own. */
async function send(to = '+6421555123'): Promise<{ status: number; headers: Headers; text: string }> {
  const response = await fetch(
    `${twilio.apiBaseUrl}/2010-04-01/Accounts/${twilio.accountSid}/Messages.json`,
    {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${twilio.accountSid}:${twilio.authToken}`).toString('base64')}`,
        connection: 'close',
      },
      body: new URLSearchParams({ To: to, From: twilio.numbers[0] ?? '', Body: 'Hello' }),
    },
  );
  return { status: response.status, headers: response.headers, text: await response.text() };
}

function arm(fault: object): Promise<{ id: string }> {
  return sandbox.post('/faults', { vendor: 'twilio', endpoint: 'POST /Messages.json', ...fault });
}

async function applied(): Promise<number> {
  return (await sandbox.ledger('?kind=message')).length;
}

describe('before applying', () => {
  test('a status comes in the vendor’s own words, with headers, as often as asked, and nothing is applied', async () => {
    await arm({ kind: 'status', status: 429, headers: { 'retry-after': '7' }, times: 2 });
    const refused = await send();
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('7');
    expect(JSON.parse(refused.text)).toMatchObject({ code: 20429, status: 429 });
    await send();
    expect(await applied()).toBe(0);
    expect((await send()).status).toBe(201);
    expect(await sandbox.get('/faults')).toMatchObject({ faults: [{ matched: 3, injected: 2 }] });
  });

  test('requests that do not mention the text, and the first ones that do, pass', async () => {
    await arm({ endpoint: 'GET *', mentions: '%2B6421555777', kind: 'status', status: 500, skip: 1 });
    const list = async (to: string): Promise<number> => {
      const url = `${twilio.apiBaseUrl}/2010-04-01/Accounts/${twilio.accountSid}/Messages.json?To=${encodeURIComponent(to)}`;
      const authorization = `Basic ${Buffer.from(`${twilio.accountSid}:${twilio.authToken}`).toString('base64')}`;
      return (await fetch(url, { headers: { authorization, connection: 'close' } })).status;
    };
    expect(await list('+6421555888')).toBe(200);
    expect(await list('+6421555777')).toBe(200);
    expect(await list('+6421555888')).toBe(200);
    expect(await list('+6421555777')).toBe(500);
  });

  test('a reset breaks the connection and nothing is applied', async () => {
    await arm({ kind: 'reset', times: 1 });
    await expect(send()).rejects.toMatchObject({
      cause: { code: expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET/) },
    });
    expect(await applied()).toBe(0);
  });

  test('a time-out never answers', async () => {
    await arm({ kind: 'timeout', times: 1 });
    const path = `/twilio/2010-04-01/Accounts/${twilio.accountSid}/Messages.json`;
    const waiting = request(sandbox.url + path, {
      method: 'POST',
      signal: AbortSignal.timeout(200),
      headers: {
        authorization: `Basic ${Buffer.from(`${twilio.accountSid}:${twilio.authToken}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'To=%2B6421555123&From=%2B6421555000&Body=x',
    });
    await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(await applied()).toBe(0);
  });
});

describe('after applying', () => {
  test('a reset loses the answer of a message that was really accepted, as the ledger shows', async () => {
    await arm({ kind: 'reset', when: 'after', times: 1 });
    await expect(send('+6421555777')).rejects.toThrow(/fetch failed/);
    expect(await sandbox.ledger()).toMatchObject([
      { vendor: 'twilio', kind: 'message', action: 'create', account: twilio.accountSid, to: '+6421555777' },
    ]);
  });

  test('a 500 hides that the message was accepted', async () => {
    await arm({ kind: 'status', status: 500, when: 'after', times: 1 });
    const answer = await send();
    expect(answer.status).toBe(500);
    expect(JSON.parse(answer.text)).toMatchObject({ code: 20500 });
    expect(await applied()).toBe(1);
  });

  test('the body can be cut off', async () => {
    await arm({ kind: 'cut-body', times: 1 });
    await expect(send()).rejects.toThrow(/terminated|other side closed/);
    expect(await applied()).toBe(1);
  });

  test('the body can trickle', async () => {
    await arm({ kind: 'slow-body', bytesPerSecond: 100_000, times: 1 });
    expect(JSON.parse((await send()).text)).toMatchObject({ to: '+6421555123' });
  });

  test('the body can be a gzip bomb', async () => {
    await arm({ kind: 'gzip-bomb', times: 1 });
    const answer = await request(
      `${twilio.apiBaseUrl}/2010-04-01/Accounts/${twilio.accountSid}/Messages.json`,
      {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${twilio.accountSid}:${twilio.authToken}`).toString('base64')}`,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: 'To=%2B6421555123&From=%2B6421555000&Body=x',
      },
    );
    expect(answer.headers['content-encoding']).toBe('gzip');
    const packed = Buffer.from(await answer.body.arrayBuffer());
    expect(packed.length).toBeLessThan(1_000_000);
    expect(() => gunzipSync(packed, { maxOutputLength: 90_000_000 })).toThrow(/larger than/);
  }, 20_000);

  test('the body can go on for ever', async () => {
    await arm({ kind: 'endless-body', times: 1 });
    const socket = createConnection(Number(new URL(sandbox.url).port), '127.0.0.1');
    const body = 'To=%2B6421555123&From=%2B6421555000&Body=x';
    const basic = Buffer.from(`${twilio.accountSid}:${twilio.authToken}`).toString('base64');
    socket.write(
      `POST /twilio/2010-04-01/Accounts/${twilio.accountSid}/Messages.json HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ${basic}\r\n` +
        `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${String(body.length)}\r\n\r\n${body}`,
    );
    let received = 0;
    for await (const chunk of socket) {
      received += (chunk as Buffer).length;
      if (received > 1_000_000) break;
    }
    expect(received).toBeGreaterThan(1_000_000);
  });
});

test('a withheld answer does not keep the sandbox from stopping in order', async () => {
  const other = await SandboxUnderTest.start();
  await other.post('/faults', { kind: 'timeout', endpoint: 'GET /connections' });
  const waiting = fetch(`${other.url}/xero/connections`).catch((error: unknown) => error);
  await eventually(async () => {
    const { faults } = await other.get<{ faults: { injected: number }[] }>('/faults');
    return faults[0]?.injected === 1;
  });
  expect(await other.stop()).toBe(true);
  expect(await waiting).toBeInstanceOf(Error);
});

describe('where and how often', () => {
  test('a fault of another vendor, endpoint or connection does not strike', async () => {
    await arm({ kind: 'reset', vendor: 'xero', endpoint: undefined });
    await arm({ kind: 'reset', endpoint: 'GET /Messages.json' });
    await arm({ kind: 'reset', endpoint: '/Message' });
    await arm({ kind: 'reset', connection: `AC${'0'.repeat(32)}` });
    expect((await send()).status).toBe(201);
    await arm({
      kind: 'status',
      status: 503,
      endpoint: 'POST */Accounts/*/Messages.json',
      connection: twilio.accountSid,
    });
    expect((await send()).status).toBe(503);
  });

  test('probability strikes the same requests for the same seed', async () => {
    const run = async (): Promise<number[]> => {
      await sandbox.delete('/faults');
      await arm({ kind: 'status', status: 503, probability: 0.5, seed: 42 });
      const statuses: number[] = [];
      for (let index = 0; index < 12; index += 1) statuses.push((await send()).status);
      return statuses;
    };
    const first = await run();
    expect(new Set(first)).toEqual(new Set([201, 503]));
    expect(await run()).toEqual(first);
  });

  test('a fault can be disarmed', async () => {
    const { id } = await arm({ kind: 'status', status: 503 });
    expect((await send()).status).toBe(503);
    await sandbox.delete(`/faults/${id}`);
    expect((await send()).status).toBe(201);
  });

  test('a fault that makes no sense is refused with the reason', async () => {
    await expect(arm({ kind: 'latency' })).rejects.toThrow(/latencyMs/);
    await expect(arm({ kind: 'reset', vendor: 'sage' })).rejects.toThrow(/there is no double of \\?"sage/);
    await expect(arm({ kind: 'status', status: 42 })).rejects.toThrow(/status/);
  });
});
