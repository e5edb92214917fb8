import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type {
  VendorWebhooks,
  VerificationKey,
  WebhookEvent,
  WebhookRequest,
  WebhookVerdict,
} from '#libs/vendor-kit';

/** Signs a body as {@link testWebhooks} expects it in the header `x-test-signature`. */
export function signed(body: string | Buffer, secret: string): string {
  return createHmac('sha256', secret).update(body).digest('base64');
}

/**
 * A vendor that is as plain as can be: one app key, HMAC over the raw body, a JSON list of events. Says what a contract demands
 * and nothing that a real vendor would add.
 */
export function testWebhooks(overrides: Partial<VendorWebhooks> = {}): VendorWebhooks {
  return {
    routes: [{ name: 'events', method: 'POST', path: 'test' }],
    maxBodyBytes: 100_000,
    deadlineMs: 5_000,
    keyScope: 'app',
    unknownKeyResponse: { status: 404, headers: {}, body: '' },
    receive: (request, keys) => verdictOn(request, keys),
    ...overrides,
  };
}

function verdictOn(request: WebhookRequest, keys: readonly VerificationKey[]): WebhookVerdict {
  const given = Buffer.from(request.headers['x-test-signature'] ?? '');
  const right = keys.some((key) => {
    const expected = Buffer.from(signed(request.rawBody, key.secret));
    return expected.length === given.length && timingSafeEqual(expected, given);
  });
  if (!right) {
    return {
      kind: 'rejected',
      reason: 'signature-invalid',
      response: { status: 401, headers: {}, body: '' },
    };
  }
  const webhookId = createHash('sha256').update(request.rawBody).digest('hex').slice(0, 40);
  const response = { status: 200, headers: {}, body: '' };
  const events = eventsIn(request.rawBody);
  if (events === undefined)
    return { kind: 'malformed', webhookId, reason: 'The body is no list of events.', response };
  return events.length === 0
    ? { kind: 'handshake', response }
    : { kind: 'accepted', webhookId, events, ignored: [], response };
}

function eventsIn(body: Buffer): WebhookEvent[] | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    return Array.isArray(parsed) && parsed.every(isEvent) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isEvent(value: unknown): value is WebhookEvent {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'kind');
}

/** One change event of the test vendor. */
export function changeEvent(overrides: object = {}): WebhookEvent {
  return {
    kind: 'change',
    accountId: 'account-1',
    entityType: 'invoice',
    entityId: 'invoice-1',
    changeType: 'updated',
    sourceTime: 1_700_000_000_000,
    sequence: null,
    ...overrides,
  };
}
