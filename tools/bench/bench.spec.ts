import { createHmac, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { parseBenchArguments } from './arguments.ts';
import { cpuBetween, cpuOf, cpuPerEvent } from './cpu.ts';
import { RawConnection, sendClosedLoop } from './http-sockets.ts';
import { latenciesOf } from './latency.bench.ts';
import { runOpenLoop } from './open-loop.ts';
import { BenchProcess } from './processes/bench-process.ts';
import type { LoadAnswer, LoadOrder, LoopAnswer, LoopOrder, LoopSetup } from './processes/messages.ts';
import { reportJson, reportTable } from './report.ts';
import { assertOnceEach } from './truth.ts';
import { webhookRequest } from './webhooks.ts';

const cleanUps: (() => void)[] = [];

afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

async function serve(
  answer: (request: IncomingMessage, body: string, response: ServerResponse) => void,
): Promise<number> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => answer(request, body, response));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  cleanUps.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  return (server.address() as AddressInfo).port;
}

const event = (to: string) => ({ tenantId: 'tenant', invoiceId: randomUUID(), to });

test('the arguments default to all benches and refuse what cannot be', () => {
  expect(parseBenchArguments([])).toMatchObject({
    only: ['ingress', 'pipeline', 'latency', 'state'],
    rounds: 5,
  });
  expect(parseBenchArguments(['--only', 'latency,ingress']).only).toEqual(['ingress', 'latency']);
  expect(() => parseBenchArguments(['--only', 'speed'])).toThrow('no bench "speed"');
  expect(() => parseBenchArguments(['--rounds', '0'])).toThrow('1 to 50');
  expect(() => parseBenchArguments(['--second', '1'])).toThrow('--help');
});

test('a webhook is signed over exactly the bytes that are sent', async () => {
  let genuine = false;
  const port = await serve((request, body, response) => {
    const expected = createHmac('sha256', 'key').update(body).digest('base64');
    genuine = request.headers['x-xero-signature'] === expected && JSON.parse(body).events.length === 1;
    response.end();
  });
  const connection = await RawConnection.open(port);
  expect(await connection.request(webhookRequest(event('+1'), 'key', 7))).toBe(200);
  connection.close();
  expect(genuine).toBe(true);
});

test('a request on a connection that the server has closed fails instead of waiting for ever', async () => {
  const port = await serve((_request, _body, response) => {
    response.writeHead(200, { connection: 'close' }).end();
  });
  const connection = await RawConnection.open(port);
  const request = webhookRequest(event('+1'), 'key', 1);
  expect(await connection.request(request)).toBe(200);
  await vi.waitFor(() => expect(connection.closed).toBe(true));
  await expect(connection.request(request)).rejects.toThrow('has closed the connection');
});

test('the closed loop sends each request once and counts what was refused', async () => {
  let served = 0;
  const port = await serve((_request, _body, response) => {
    served += 1;
    response.writeHead(served % 5 === 0 ? 503 : 200).end(served % 2 === 0 ? 'some text' : '');
  });
  const requests = Array.from({ length: 20 }, (_, index) => webhookRequest(event('+1'), 'key', index));
  const { accepted, refused } = await sendClosedLoop([port], 3, () => requests.shift());
  expect({ accepted, refused, served }).toEqual({ accepted: 16, refused: { 503: 4 }, served: 20 });
});

test('the open loop begins each piece when it is due, whatever became of the one before', async () => {
  const begun: number[] = [];
  let finishFirst = (): void => undefined;
  const first = new Promise<void>((resolve) => {
    finishFirst = resolve;
  });
  const dueAt = await runOpenLoop([0, 1, 2], 1000, async (item) => {
    begun.push(item);
    if (item === 0) await first;
    if (item === 2) finishFirst();
  });
  expect(begun).toEqual([0, 1, 2]);
  expect(dueAt.map((due) => Math.round(due - (dueAt[0] ?? 0)))).toEqual([0, 1, 2]);
});

test('the processes of the ingress bench work together', async () => {
  const webhookKey = 'a key';
  const bare = await BenchProcess.start<unknown, { port: number }, null, null>('bare-server', { webhookKey });
  cleanUps.push(() => bare.process.stop());
  const tenantIds = ['one', 'two'];
  const client = await BenchProcess.start<unknown, null, LoadOrder, LoadAnswer>('load-client', {
    webhookKey,
    tenantIds,
  });
  cleanUps.push(() => client.process.stop());
  const answer = await client.process.ask({ ports: [bare.ready.port], connections: 2, seconds: 2 });
  expect(answer.refused).toEqual({});
  expect(answer.accepted).toBeGreaterThan(0);
  const forger = await BenchProcess.start<unknown, null, LoadOrder, LoadAnswer>('load-client', {
    webhookKey: 'another',
    tenantIds,
  });
  cleanUps.push(() => forger.process.stop());
  const forged = await forger.process.ask({ ports: [bare.ready.port], connections: 1, seconds: 0.05 });
  expect(forged.accepted).toBe(0);
});

/**
 * A double of both vendors that answers everything, and tells of each message that asks for it that it is sent, and after the answer
 * to that, that it is delivered.
 */
async function bareVendors(calls: string[], toldDelivered: string[] = []): Promise<LoopSetup> {
  const port = await serve((request, body, response) => {
    const form = new URLSearchParams(body);
    calls.push(`${request.method ?? ''} ${form.get('To') ?? ''}`);
    const isFetch = request.method === 'GET';
    response.writeHead(form.get('To') === '+5' ? 500 : 200);
    response.end(isFetch ? '{"Invoices":[{"InvoiceNumber":"INV-1","AmountDue":5}]}' : '{}');
    const callback = form.get('StatusCallback');
    if (callback === null) return;
    const tell = (status: string): Promise<Response> =>
      fetch(callback, { method: 'POST', body: new URLSearchParams({ MessageStatus: status }) });
    void tell('sent').then(({ status }) => {
      toldDelivered.push(`${form.get('To') ?? ''} ${status}`);
      return tell('delivered');
    });
  });
  return {
    sandboxUrl: `http://127.0.0.1:${port}`,
    accountSid: 'AC',
    apiKeySid: 'SK',
    apiKeySecret: 's',
    messagingServiceSid: 'MG',
    tokens: {},
  };
}

async function startLoop(setup: LoopSetup) {
  const { process: loop } = await BenchProcess.start<LoopSetup, null, LoopOrder, LoopAnswer>(
    'bare-loop',
    setup,
  );
  cleanUps.push(() => loop.stop());
  return loop;
}

test('the bare loop makes two calls for each event, at once or at a rate, and says when a call fails', async () => {
  const calls: string[] = [];
  const loop = await startLoop(await bareVendors(calls));
  await loop.ask({ events: [event('+1'), event('+2')], eventsPerSecond: null, toldOfStatus: false });
  const { dueAt } = await loop.ask({
    events: [event('+3'), event('+4')],
    eventsPerSecond: 1000,
    toldOfStatus: false,
  });
  const expected = ['GET ', 'GET ', 'GET ', 'GET ', 'POST +1', 'POST +2', 'POST +3', 'POST +4'];
  expect(calls.toSorted()).toEqual(expected);
  expect(dueAt).toHaveLength(2);
  const failing = loop.ask({ events: [event('+5')], eventsPerSecond: null, toldOfStatus: false });
  await expect(failing).rejects.toThrow('answered 500');
});

test('the bare loop takes the status callbacks of its messages, and is done when all are delivered', async () => {
  const toldDelivered: string[] = [];
  const loop = await startLoop(await bareVendors([], toldDelivered));
  const events = [event('+1'), event('+2'), event('+3')];
  await loop.ask({ events, eventsPerSecond: null, toldOfStatus: true });
  expect(toldDelivered.toSorted()).toEqual(['+1 204', '+2 204', '+3 204']);
});

test('a missing, doubled or unasked message fails the run', () => {
  const events = [event('+1'), event('+2')];
  const at = (to: string, key: string) => ({ to, key, realAtMs: 100 });
  expect(() => assertOnceEach(events, [at('+1', 'a'), at('+2', 'b')])).not.toThrow();
  expect(() => assertOnceEach(events, [at('+1', 'a')])).toThrow('1 had no message');
  expect(() => assertOnceEach(events, [at('+1', 'a'), at('+1', 'c'), at('+2', 'b')])).toThrow(
    '1 more than one',
  );
  expect(() => assertOnceEach(events, [at('+1', 'a'), at('+2', 'b'), at('+3', 'c')])).toThrow(
    '1 messages went to others',
  );
  expect(() => assertOnceEach(events, [at('+1', 'a'), at('+2', 'a')])).toThrow('1 commands were seen twice');
});

test('latency counts from the moment at which the event was due', () => {
  const taken = [
    { to: '+2', realAtMs: 1_250 },
    { to: '+1', realAtMs: 1_100 },
  ];
  expect(latenciesOf([event('+1'), event('+2')], [1_000, 1_020], taken)).toEqual([100, 230]);
});

test('CPU per event leaves out what is no service of ours', () => {
  const used = cpuBetween(
    new Map([['mapper', 1]]),
    new Map([
      ['mapper', 3],
      ['kafka', 5],
    ]),
  );
  expect(cpuPerEvent(used, 1000)).toEqual({ services: 2, each: { mapper: 2, kafka: 5 } });
  expect(cpuPerEvent(undefined, 1000)).toBeUndefined();
});

test.runIf(process.platform === 'linux')('the CPU of a process is told with that of its children', () => {
  const self = { service: 'self', instance: 1, pid: process.pid, ports: [] };
  expect(cpuOf([self]).get('self')).toBeGreaterThan(0);
});

test('the report shows medians for people and every round for programs', () => {
  const side = { perSecond: 500, cpuMsPerEvent: 0.2, clientCpuMsPerEvent: 0.01 };
  const run = {
    commit: 'abc',
    startedAt: '2026-11-21T00:00:00Z',
    machine: { cores: 2, model: 'model', node: 'v24' },
    settings: { rounds: 1, seconds: 1, organisations: 2 },
    ingress: [
      {
        single: { ...side, perSecond: 400, each: { ingress: 0.2 } },
        product: { ...side, each: { ingress: 0.2 }, instances: 2 },
        limit: { ...side, perSecond: 1000 },
      },
    ],
    pipeline: [
      {
        product: { perSecond: 300, cpuMsPerEvent: 3, each: { mapper: 1 }, drainedAfterMs: 900 },
        limit: { perSecond: 1500, cpuMsPerEvent: 0.3, each: undefined },
        limitWithoutCallbacks: { perSecond: 3000, cpuMsPerEvent: 0.1, each: undefined },
      },
    ],
    latency: [
      {
        eventsPerSecond: 50,
        product: { p50: 40, p99: 90, highest: 95, cpuMsPerEvent: 3, each: { mapper: 3, kafka: 2 } },
        limit: { p50: 2, p99: 5, highest: 6 },
      },
    ],
  };
  expect(reportTable(run)).toMatch(/ingress, 1 instance +400\/s +1,000\/s +40 % +0\.20 ms/);
  expect(reportTable(run)).toMatch(
    /ingress, 2 instances +500\/s +1,000\/s +50 % +≥ 60 % +0\.20 ms \(limit 0\.20 ms\)/,
  );
  expect(reportTable(run)).toMatch(/pipeline +300\/s +1,500\/s +20 % +≥ 15 % +3\.00 ms \(limit 0\.30 ms\)/);
  expect(reportTable(run)).toMatch(/pipeline, limit without status callbacks +300\/s +3,000\/s +10 %/);
  expect(reportTable(run)).toContain('CPU ms per event, latency at 50/s: mapper 3.00, kafka 2.00');
  expect(reportTable(run)).toMatch(/latency p99 at 50\/s +90 ms +5\.00 ms +≤ 300 ms/);
  const json = JSON.parse(reportJson(run)) as { ingress: { ratio: number }; rounds: { ingress: unknown[] } };
  expect(json.ingress.ratio).toBe(0.5);
  expect(json.rounds.ingress).toHaveLength(1);
});
