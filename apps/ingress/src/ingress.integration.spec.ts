import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { changeNoticesOf, topics } from '#libs/contracts';
import { LogProbe } from '#libs/streams';
import { type IngressUnderTest, startIngress } from './testing/ingress-under-test.js';
import { connection } from './testing/test-ingress.js';
import { postXero, xeroBody, xeroEvent } from './testing/xero-webhook.js';

const KEY = 'the-webhook-key';
const infrastructure = inject('infrastructure');
const probe = new LogProbe(infrastructure);
const notices = changeNoticesOf('xero');
const tenantId = randomUUID();
const connectionId = `xero-${randomUUID()}`;
let service: IngressUnderTest;

beforeAll(async () => {
  service = await startIngress(infrastructure, probe, { xeroKey: KEY });
  await probe.write(
    topics.connections,
    connectionId,
    connection({ connectionId, vendor: 'xero', accountId: tenantId }),
  );
});

afterAll(async () => {
  await service.stop();
  await probe.close();
});

describe('ingress on Kafka', () => {
  it('has a signed webhook in the log, as a notice with a trace, when it answers 200', async () => {
    const written = await probe.follow(notices);
    const invoiceId = randomUUID();
    const answer = await postXero(service.url, xeroBody(xeroEvent({ tenantId, resourceId: invoiceId })), KEY);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('');
    const mine = () => written.filter((record) => record.value.entityId === invoiceId);
    await expect.poll(mine, { timeout: 10_000 }).toHaveLength(1);
    const [notice] = mine();
    expect(notice?.key).toBe(connectionId);
    expect(notice?.headers).toMatchObject({
      origin: 'webhook',
      workspace: 'workspace-1',
      traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
    });
    expect(service.asked()).toBe(1);
  });

  it('writes the same notice for a redelivery, and nothing for a forgery', async () => {
    const written = await probe.follow(notices);
    const invoiceId = randomUUID();
    const body = xeroBody(xeroEvent({ tenantId, resourceId: invoiceId }));
    const forged = await postXero(service.url, xeroBody(xeroEvent({ tenantId })), 'guess');
    await postXero(service.url, body, KEY);
    await postXero(service.url, body, KEY);
    expect(forged.status).toBe(401);
    const ids = () =>
      written
        .filter((record) => record.value.connectionId === connectionId)
        .map((record) => record.value.noticeId);
    await expect.poll(ids, { timeout: 10_000 }).toHaveLength(2);
    expect(new Set(ids()).size).toBe(1);
  });

  it('keeps the body of a webhook about an account that nobody has connected', async () => {
    const letters = await probe.follow(topics.deadLetters);
    const stranger = randomUUID();
    const body = xeroBody(xeroEvent({ tenantId: stranger }));
    expect((await postXero(service.url, body, KEY)).status).toBe(200);
    const mine = () => letters.find((record) => record.value.value?.toString().includes(stranger));
    await expect.poll(mine, { timeout: 10_000 }).toBeDefined();
    expect(mine()?.value).toMatchObject({ originTopic: 'webhooks.xero', errorCode: 'unknown-connection' });
    expect(mine()?.value.value?.toString()).toBe(body);
  });

  it('takes webhooks of an account from the moment it is connected', async () => {
    const written = await probe.follow(notices);
    const late = randomUUID();
    await probe.write(
      topics.connections,
      `xero-${late}`,
      connection({ connectionId: `xero-${late}`, vendor: 'xero', accountId: late }),
    );
    await expect
      .poll(
        async () => {
          await postXero(service.url, xeroBody(xeroEvent({ tenantId: late })), KEY);
          return written.some((record) => record.value.connectionId === `xero-${late}`);
        },
        { timeout: 15_000, interval: 200 },
      )
      .toBe(true);
  });

  it('shows what it counts', async () => {
    const text = await (await fetch(`${service.url}/metrics`)).text();
    expect(text).toMatch(/webhook_requests_total\{vendor="xero",outcome="accepted"\} \d+/);
    expect(text).toMatch(/webhook_requests_total\{vendor="xero",outcome="signature-invalid"\} 1/);
    expect(text).toMatch(/webhook_verify_duration_seconds_count\{vendor="xero"\} \d+/);
  });

  it('stops in order when it is told to', async () => {
    expect(await service.stop()).toBe(true);
    await expect(fetch(`${service.url}/health/live`)).rejects.toThrow('fetch failed');
  });
});
