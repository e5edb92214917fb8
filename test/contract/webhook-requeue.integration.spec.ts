import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { z } from 'zod';
import { changeNoticesOf, headerNames, topics, traceIdOf } from '#libs/contracts';
import { LogProbe } from '#libs/streams';
import type { deadLettersSchema, OutcomeView } from '../../apps/console/src/api/api.schema.js';
import type { requeueReport } from '../../apps/console/src/api/operations.schema.js';
import { type ConsoleUnderTest, startConsole } from '../../apps/console/src/testing/console-under-test.js';
import { type IngressUnderTest, startIngress } from '../../apps/ingress/src/testing/ingress-under-test.js';
import { connection } from '../../apps/ingress/src/testing/test-ingress.js';
import { postXero, xeroBody, xeroEvent } from '../../apps/ingress/src/testing/xero-webhook.js';

type Letters = z.output<typeof deadLettersSchema>['deadLetters'];
type Report = z.output<typeof requeueReport>;

const xeroKey = 'the-webhook-key';
const requeueToken = `requeue-${randomUUID()}`;
const infrastructure = inject('infrastructure');
const probe = new LogProbe(infrastructure);
let ingress: IngressUnderTest;
let operator: ConsoleUnderTest;

beforeAll(async () => {
  ingress = await startIngress(infrastructure, probe, { xeroKey, requeueToken });
  operator = await startConsole(infrastructure, {
    INGRESS_URL: ingress.url,
    INGRESS_REQUEUE_TOKEN: requeueToken,
  });
});

afterAll(async () => {
  await operator.stop();
  await ingress.stop();
  await probe.close();
});

test('a webhook that came before its account was connected goes its way when an operator requeues it', async () => {
  const tenantId = randomUUID();
  const connectionId = `xero-${tenantId}`;
  const invoiceId = randomUUID();
  const notices = await probe.follow(changeNoticesOf('xero'));
  const letters = await probe.follow(topics.deadLetters);
  const body = xeroBody(xeroEvent({ tenantId, resourceId: invoiceId }));
  expect((await postXero(ingress.url, body, xeroKey)).status).toBe(200);
  const mine = () => letters.find(({ value }) => value.value?.toString() === body);
  await expect.poll(mine, { timeout: 30_000 }).toBeDefined();
  const { deadLetterId = '' } = mine()?.value ?? {};
  const webhookId = mine()?.key ?? '';
  await expect
    .poll(() => letterOf(webhookId, deadLetterId), { timeout: 30_000 })
    .toMatchObject({ status: 'open' });

  const early = await requeue(deadLetterId);
  expect(early.requeued).toBe(0);
  expect(early.left[0]?.problem).toContain('accounts that nobody has connected');
  expect(await letterOf(webhookId, deadLetterId)).toMatchObject({ status: 'open' });

  const known = connection({ connectionId, vendor: 'xero', accountId: tenantId, workspaceId: tenantId });
  await probe.write(topics.connections, connectionId, known);
  // Ingress reads the table of connections beside its requests.
  await expect
    .poll(async () => (await requeue(deadLetterId)).requeued, { timeout: 30_000, interval: 100 })
    .toBe(1);
  expect(await letterOf(webhookId, deadLetterId)).toMatchObject({ status: 'requeued' });
  const brought = () => notices.filter(({ value }) => value.connectionId === connectionId);
  await expect.poll(() => brought().length, { timeout: 30_000 }).toBe(1);
  expect(brought()[0]?.value).toMatchObject({ entityId: invoiceId, webhookId: mine()?.key });

  await expect
    .poll(async () => (await trailOf(tenantId)).map(({ status }) => status).sort(), { timeout: 30_000 })
    .toEqual(['accepted', 'requeued']);
  const trail = await trailOf(tenantId);
  const requeued = trail.find(({ status }) => status === 'requeued');
  expect(requeued).toMatchObject({ webhookIds: [mine()?.key] });
  expect(requeued?.sentence).toContain('it is connected now');
  // All of it is one trace, that of the first time.
  const traceIds = new Set(trail.map(({ traceId }) => traceId));
  expect([...traceIds]).toEqual([traceIdOf(mine()?.headers[headerNames.traceparent])]);
});

test('a webhook whose signature does not hold any more stays where it is', async () => {
  const body = xeroBody(xeroEvent({ tenantId: randomUUID() }));
  const letters = await probe.follow(topics.deadLetters);
  await postXero(ingress.url, body, xeroKey);
  const mine = () => letters.find(({ value }) => value.value?.toString() === body);
  await expect.poll(mine, { timeout: 30_000 }).toBeDefined();
  const letter = mine();
  if (!letter) return;
  const deadLetterId = randomUUID();
  const forged = { ...letter.value, deadLetterId, value: Buffer.from(`${body} `) };
  await probe.write(topics.deadLetters, letter.key, forged);
  await expect
    .poll(() => letterOf(letter.key, deadLetterId), { timeout: 30_000 })
    .toMatchObject({ status: 'open' });
  const report = await requeue(deadLetterId);
  expect(report.left[0]?.problem).toContain("None of today's keys has signed it");
});

/** By the id that is its key in the topic, since other tests set webhooks aside too. */
async function letterOf(webhookId: string, deadLetterId: string): Promise<Letters[number] | undefined> {
  const response = await operator.api(`/api/dead-letters?key=${webhookId}`);
  const { deadLetters } = (await response.json()) as { deadLetters: Letters };
  return deadLetters.find((letter) => letter.deadLetterId === deadLetterId);
}

/** What the trail has of a workspace. */
async function trailOf(workspaceId: string): Promise<OutcomeView[]> {
  const response = await operator.api(`/api/outcomes?workspaceId=${workspaceId}`);
  return ((await response.json()) as { outcomes: OutcomeView[] }).outcomes;
}

async function requeue(deadLetterId: string): Promise<Report> {
  const response = await operator.api('/api/dead-letters/requeue', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ deadLetterIds: [deadLetterId], reason: 'it is connected now' }),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Report;
}
