import assert from 'node:assert/strict';
import type { VendorSubscriptions, VendorWebhooks, WebhookRequest, WebhookVerdict } from '../contract.js';
import { routePath } from '../webhook-records.js';
import {
  type ConformanceCheck,
  provenanceErrors,
  type VendorSamples,
  type WebhookSample,
} from './samples.js';

/** Signed samples are understood; whatever differs from them by one byte is refused. */
export function webhookChecks({ definition, webhooks: samples }: VendorSamples): ConformanceCheck[] {
  const { webhooks, subscriptions } = definition;
  if (!webhooks) return [];
  return [
    ...(subscriptions
      ? [
          {
            title: 'subscriptions lead to a route of their own',
            run: () => checkSubscriptions(webhooks, subscriptions),
          },
        ]
      : []),
    {
      title: 'webhook routes are well-formed and every route has a sample',
      run: () => checkRoutes(webhooks, samples),
    },
    ...samples.flatMap((sample) => sampleChecks(webhooks, sample)),
  ];
}

function checkRoutes(webhooks: VendorWebhooks, samples: readonly WebhookSample[]): void {
  for (const { name, path } of webhooks.routes) {
    const sample = samples.find(({ route }) => route === name);
    assert.ok(sample, `route ${name} has a sample`);
    assert.doesNotMatch(path, /^\/|\/$/);
    assert.equal(webhooks.keyScope === 'connection', path.includes(':connectionId'));
  }
  assert.ok(webhooks.deadlineMs >= 1000 && webhooks.maxBodyBytes >= 1024);
  assert.ok(webhooks.unknownKeyResponse.status >= 400 && webhooks.unknownKeyResponse.status < 500);
}

/** Each subscription has its own URL and key, and its handshake is told apart from what is signed. */
function checkSubscriptions(webhooks: VendorWebhooks, { events, route }: VendorSubscriptions): void {
  assert.equal(webhooks.keyScope, 'connection');
  assert.ok(events.length > 0 && new Set(events).size === events.length, 'events are named once each');
  assert.ok(
    webhooks.routes.some(({ path }) => path === route.path),
    'the route is one of the webhooks’',
  );
  const path = routePath(route, { connectionId: 'c1', subscriptionId: 's1' });
  assert.match(path, /\/c1\/.*s1/, 'the URL names connection and subscription');
}

function sampleChecks(webhooks: VendorWebhooks, sample: WebhookSample): ConformanceCheck[] {
  const tryOut = (changes: Changes): WebhookVerdict => receive(webhooks, sample, changes);
  const { name } = sample;
  return [
    { title: `webhook "${name}" is understood as documented`, run: () => checkSample(sample, tryOut) },
    {
      title: `webhook "${name}" is refused after any change of one byte`,
      run: () => checkTampering(sample, tryOut),
    },
    {
      title: `webhook "${name}" is refused when cut short or signed with another key`,
      run: () => checkForgery(sample, tryOut),
    },
    { title: `webhook route of "${name}" survives signed garbage`, run: () => checkGarbage(tryOut) },
  ];
}

interface Changes {
  readonly rawBody?: Buffer;
  readonly signedBody?: Buffer;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly keys?: readonly string[];
}

function receive(webhooks: VendorWebhooks, sample: WebhookSample, changes: Changes): WebhookVerdict {
  const route = webhooks.routes.find(({ name }) => name === sample.route);
  assert.ok(route, `no route ${sample.route}`);
  assert.ok(
    new URL(sample.publicUrl).pathname.endsWith(routePath(route, sample.params)),
    'URL and route agree',
  );
  const rawBody = changes.rawBody ?? sample.rawBody;
  const request: WebhookRequest = {
    route,
    method: route.method,
    publicUrl: sample.publicUrl,
    params: sample.params,
    headers: {
      ...sample.headers,
      ...sample.sign({ publicUrl: sample.publicUrl, rawBody: changes.signedBody ?? sample.rawBody }),
      ...changes.headers,
    },
    rawBody,
  };
  const keys = (changes.keys ?? [sample.key]).map((secret, index) => ({ keyId: `key-${index}`, secret }));
  return webhooks.receive(request, keys, sample.connection);
}

type TryOut = (changes: Changes) => WebhookVerdict;

function checkSample(sample: WebhookSample, tryOut: TryOut): void {
  assert.equal(provenanceErrors(sample), undefined);
  const verdict = tryOut({});
  for (const [name, value] of Object.entries(sample.expected))
    assert.deepEqual((verdict as unknown as Record<string, unknown>)[name], value, name);
  assert.deepEqual(tryOut({}), verdict, 'a redelivery is read the same way');
  assert.deepEqual(tryOut({ keys: ['another key', sample.key] }), verdict, 'a rotated key is tried too');
  if (verdict.kind !== 'rejected') assert.ok(verdict.response.status >= 200 && verdict.response.status < 300);
}

function checkTampering(sample: WebhookSample, tryOut: TryOut): void {
  for (let index = 0; index < sample.rawBody.length; index++) {
    const rawBody = Buffer.from(sample.rawBody);
    rawBody[index] = (rawBody[index] ?? 0) ^ 1;
    assertRefused(tryOut({ rawBody, signedBody: sample.rawBody }), `body changed at ${index}`);
  }
  const headers = sample.sign(sample);
  for (const [name, value] of Object.entries(headers))
    for (let index = 0; index < value.length; index++) {
      const changed =
        value.slice(0, index) + String.fromCharCode(value.charCodeAt(index) ^ 1) + value.slice(index + 1);
      assertRefused(tryOut({ headers: { [name]: changed } }), `${name} changed at ${index}`);
    }
}

function checkForgery(sample: WebhookSample, tryOut: TryOut): void {
  assertRefused(tryOut({ rawBody: sample.rawBody.subarray(0, -1), signedBody: sample.rawBody }), 'cut short');
  assertRefused(tryOut({ rawBody: Buffer.alloc(0), signedBody: sample.rawBody }), 'emptied');
  assertRefused(tryOut({ keys: ['another key'] }), 'another key');
  assertRefused(tryOut({ keys: [] }), 'no key');
  for (const name of Object.keys(sample.sign(sample)))
    for (const value of [undefined, '', 'x', `${sample.sign(sample)[name]},x`])
      assertRefused(tryOut({ headers: { [name]: value } }), `${name} is ${value}`);
}

function assertRefused(verdict: WebhookVerdict, what: string): void {
  assert.equal(verdict.kind, 'rejected', what);
  assert.ok(verdict.response.status === 401 || verdict.response.status === 403, what);
}

function checkGarbage(tryOut: TryOut): void {
  const garbage = [
    '',
    '{',
    'null',
    '[]',
    '"text"',
    '{"events":5}',
    '{"events":[null]}',
    '=&=&a',
    '__proto__=1',
    '%ZZ=%E0%A4',
  ];
  for (const text of [...garbage, '\u0000\u0001', `{"events":[${'['.repeat(2000)}`]) {
    const rawBody = Buffer.from(text);
    const verdict = tryOut({ rawBody, signedBody: rawBody });
    assert.ok(
      ['malformed', 'handshake', 'rejected'].includes(verdict.kind),
      `${text.slice(0, 20)} is ${verdict.kind}`,
    );
    if (verdict.kind === 'malformed') assert.ok(verdict.response.status < 300 && verdict.reason.length > 10);
  }
}
