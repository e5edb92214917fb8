import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { vi } from 'vitest';
import { changeNoticesOf, topics } from '#libs/contracts';
import { type RunningService, startService } from '#libs/platform';
import type { LogProbe } from '#libs/streams';
import { ingressService } from '../ingress.service.js';
import { webhookVendors } from '../webhook-vendors.js';

/** An ingress that runs in the test's process on real Kafka and registry, with a token-broker of its own. */
export interface IngressUnderTest {
  readonly url: string;
  /** How often token-broker was asked for keys. */
  readonly asked: () => number;
  /** Whether it ended in order. */
  readonly stop: () => Promise<boolean>;
}

/** Starts it and waits until it is ready. Webhooks of Xero are signed with `xeroKey`. */
export async function startIngress(
  infrastructure: { readonly kafkaBrokers: string; readonly registryUrl: string },
  probe: LogProbe,
  settings: { readonly xeroKey: string; readonly requeueToken?: string },
): Promise<IngressUnderTest> {
  await probe.prepare([
    // It writes the notices of every vendor of the build, and does not start without their schemas.
    ...webhookVendors.flatMap(({ id, hasNotices }) => (hasNotices ? [changeNoticesOf(id)] : [])),
    topics.connections,
    topics.deliveryReports,
    topics.communications,
    topics.outcomes,
    topics.deadLetters,
  ]);
  let asked = 0;
  const tokenBroker = createServer((request, response) => {
    asked += 1;
    const right =
      request.headers.authorization === 'Bearer service-token' && request.url?.includes('vendor=xero');
    response.statusCode = right ? 200 : 401;
    const keys = [{ keyId: 'primary', secret: settings.xeroKey }];
    response.end(JSON.stringify({ keys, accountId: null }));
  });
  await new Promise<void>((resolve) => tokenBroker.listen(0, '127.0.0.1', resolve));
  const service: RunningService<unknown> = await startService(ingressService, {
    environment: {
      PORT: '0',
      LOG_LEVEL: 'silent',
      INSTANCE: 'ingress-spec',
      PUBLIC_BASE_URL: 'https://hooks.example.com',
      KAFKA_BROKERS: infrastructure.kafkaBrokers,
      SCHEMA_REGISTRY_URL: infrastructure.registryUrl,
      TOKEN_BROKER_URL: `http://127.0.0.1:${(tokenBroker.address() as AddressInfo).port}`,
      LEDGERWIRE_SERVICE_TOKEN: 'service-token',
      ...(settings.requeueToken !== undefined && { INGRESS_REQUEUE_TOKEN: settings.requeueToken }),
    },
  });
  await vi.waitFor(
    async () => {
      const { status } = await fetch(`${service.url}/health/ready`);
      if (status !== 200) throw new Error(`not ready: ${status}`);
    },
    { timeout: 30_000, interval: 100 },
  );
  return {
    url: service.url,
    asked: () => asked,
    stop: async () => {
      const inOrder = await service.stop('tests over');
      tokenBroker.close();
      return inOrder;
    },
  };
}
