import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { partitionOfKey } from '#libs/streams';
import { waitFor } from '../../../tools/lib/wait.ts';
import { BooksWriter } from '../load/books-writer.ts';
import { postWebhook, webhookBody } from '../load/signed-webhook.ts';
import { type FaultReport, type FaultRun, type FaultTest, plainReport } from '../suite/fault-test.ts';
import { quantile } from '../suite/quantiles.ts';
import { metricSum } from '../world/metrics.ts';
import type { Tenant } from '../world/tenants.ts';

/** By issue 4 a healthy company's p99 stays within this of what it is alone. */
const MOST_TIMES = 1.5;
/** A p99 of a few hundred messages moves by so much from one moment to the next, with nobody blocked. */
const NOISE_MS = 150;
const QUEUED = 100_000;
const EVENTS_PER_BODY = 1_000;
/** Changes a second in the books of each of the two. */
const RATE = 15;
const ROUNDS = 5;
const LEAST_WINDOW_MS = 4_000;
const COMES_WITHIN_MS = 120_000;
/** Partitions of the topics of the chain in a development start. */
const PARTITIONS = 4;

interface Pair {
  readonly healthy: Tenant;
  readonly blocked: Tenant;
}

/** Delays of the healthy company's messages, without and with the blockage: a window of each in every round. */
interface Measured {
  readonly name: string;
  readonly alone: readonly (readonly number[])[];
  readonly beside: readonly (readonly number[])[];
  /** Only told of, and not held to the limit. */
  readonly toldOnly?: string;
}

/** F8I: of two companies in one partition one is blocked, and the other's messages come as if it were alone. */
export const isolation: FaultTest = {
  id: 'F8I',
  title: 'one company at its limit, broken, or 100,000 records behind; another one measured',
  weight: 2,
  short: false,
  run: async (run) => {
    const pair = await pairInOnePartition(run);
    const measured: Measured[] = [];
    const { sandbox } = run.world;
    const block = { vendor: 'xero', endpoint: 'GET *', kind: 'status', connection: pair.blocked.accountId };
    const atLimit = {
      ...block,
      status: 429,
      headers: { 'retry-after': '5', 'x-rate-limit-problem': 'minute' },
    };
    measured.push(await measure(run, pair, 'at its rate limit', () => sandbox.arm(atLimit)));
    measured.push(await measure(run, pair, 'breaker open', () => sandbox.arm({ ...block, status: 503 })));
    await sandbox.arm(atLimit);
    measured.push(...(await besideQueue(run, pair)));
    await sandbox.disarmAll();
    await run.world.operator.disconnect(pair.blocked.connectionId);
    return report(measured);
  },
};

function report(measured: readonly Measured[]): FaultReport {
  const figures: Record<string, string> = {};
  const failures: string[] = [];
  for (const { name, alone, beside, toldOnly } of measured) {
    const [before, during] = [p99(alone), p99(beside)];
    const times = during / Math.max(before, 1);
    const messages = beside.flat().length;
    figures[name] =
      `p99 ${Math.round(during)} ms, alone ${Math.round(before)} ms, ${times.toFixed(2)} times, ${messages} messages${toldOnly ?? ''}`;
    if (toldOnly === undefined && times > MOST_TIMES && during - before > NOISE_MS)
      failures.push(`I6: ${name}: ${times.toFixed(2)} times the p99 that it has alone`);
  }
  const effects = measured.reduce((sum, { alone, beside }) => sum + [...alone, ...beside].flat().length, 0);
  return plainReport({ injected: measured.length * ROUNDS, events: effects, effects, figures, failures });
}

/** The median of the windows' p99s: what somebody else does to the machine in one of them does not count. */
function p99(windows: readonly (readonly number[])[]): number {
  return quantile(
    windows.map((delays) => quantile(delays, 0.99)),
    0.5,
  );
}

/** Two new companies whose records share a partition, and so a task: the worst neighbours. */
async function pairInOnePartition({ world }: FaultRun): Promise<Pair> {
  const made: Tenant[] = [];
  for (;;) {
    const next = await world.addTenant();
    const partition = partitionOfKey(next.connectionId, PARTITIONS);
    const other = made.find(({ connectionId }) => partitionOfKey(connectionId, PARTITIONS) === partition);
    if (other) return { healthy: next, blocked: other };
    made.push(next);
  }
}

/** Rounds without and with a blockage in turn, so that the machine's moods meet both. What was blocked is let through after each. */
async function measure(
  run: FaultRun,
  pair: Pair,
  name: string,
  block: () => Promise<unknown>,
): Promise<Measured> {
  const alone: number[][] = [];
  const beside: number[][] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    alone.push(await play(run, pair.healthy));
    await block();
    const [delays, blockedOnes] = await Promise.all([play(run, pair.healthy), issue(run, pair.blocked)]);
    beside.push(delays);
    await run.world.sandbox.disarmAll();
    await run.world.operator.retryParked('fetcher-xero');
    await delaysOf(run, blockedOnes);
  }
  return { name, alone, beside };
}

/** The same while 100,000 records of the blocked company come in, and when they wait. */
async function besideQueue(run: FaultRun, pair: Pair): Promise<Measured[]> {
  const alone: number[][] = [];
  const waiting: number[][] = [];
  for (let round = 0; round < ROUNDS; round += 1) alone.push(await play(run, pair.healthy));
  const began = performance.now();
  const queued = queueUp(run, pair.blocked);
  const comingIn = play(run, pair.healthy);
  await queued;
  await waitFor(async () => (await metricSum(run.world, 'fetcher', 'stream_parked_records')) >= QUEUED, {
    what: `${QUEUED} parked records`,
    timeoutMs: 300_000,
    intervalMs: 500,
  });
  const seconds = (performance.now() - began) / 1_000;
  const beside = [await comingIn];
  for (let round = 0; round < ROUNDS; round += 1) waiting.push(await play(run, pair.healthy));
  return [
    { name: '100,000 waiting', alone, beside: waiting },
    { name: '100,000 coming in', alone, beside, toldOnly: `; set aside within ${seconds.toFixed(1)} s` },
  ];
}

interface Issued {
  readonly to: string;
  readonly dueAt: number;
}

/** Issues invoices at their times for a window, whether or not earlier ones are told of, and gives how long each message took. */
async function play(run: FaultRun, tenant: Tenant): Promise<number[]> {
  return delaysOf(run, await issue(run, tenant));
}

async function issue(run: FaultRun, tenant: Tenant): Promise<Issued[]> {
  const windowMs = Math.max(run.activeMs / (3 * 2 * ROUNDS), LEAST_WINDOW_MS);
  const books = new BooksWriter({ sandbox: run.world.sandbox, tenants: [tenant] });
  await books.open();
  const began = performance.now();
  const work: Promise<Issued>[] = [];
  for (let number = 0; number < (windowMs * RATE) / 1_000; number += 1) {
    await delay(Math.max((number * 1_000) / RATE - (performance.now() - began), 0));
    work.push(books.issue(0, 'AUTHORISED').then(({ to }) => ({ to, dueAt: Date.now() })));
  }
  return Promise.all(work);
}

async function delaysOf({ world }: FaultRun, issued: readonly Issued[]): Promise<number[]> {
  let sentAt = new Map<string | undefined, number>();
  await waitFor(
    async () => {
      sentAt = new Map((await world.sandbox.messagesAfter(0)).map(({ to, realAtMs }) => [to, realAtMs]));
      return issued.every(({ to }) => sentAt.has(to));
    },
    { what: 'messages of the measured window', timeoutMs: COMES_WITHIN_MS, intervalMs: 500 },
  );
  return issued.map(({ to, dueAt }) => Math.max((sentAt.get(to) ?? 0) - dueAt, 0));
}

/** Webhooks about as many invoices as are to wait, a thousand in each. */
async function queueUp({ world }: FaultRun, { accountId }: Tenant): Promise<void> {
  for (let sent = 0; sent < QUEUED; sent += EVENTS_PER_BODY) {
    const ids = Array.from({ length: EVENTS_PER_BODY }, () => randomUUID());
    const status = await postWebhook(world, webhookBody(accountId, ...ids));
    if (status !== 200)
      throw new Error(`ingress answered ${status} to a webhook of ${EVENTS_PER_BODY} events`);
  }
}
