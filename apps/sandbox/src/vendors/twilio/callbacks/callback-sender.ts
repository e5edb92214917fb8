import { createHash } from 'node:crypto';
import type { Clock } from '#libs/core';
import type { DeliveryLog } from '../../../kit/delivery-log.js';
import type { CallResult, HttpCaller } from '../../../kit/http-caller.js';
import type { Ids } from '../../../kit/ids.js';
import { WebhookHabits } from '../../../kit/webhook-habits.js';
import type { TwilioAccount } from '../twilio-account.js';
import { type ConnectionSettings, readOverrides } from './connection-overrides.js';
import { type FormFields, twilioSignature } from './signature.js';

/** One webhook to be sent. */
export interface Callback {
  /** As registered, with its fragment. */
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly fields: FormFields;
  /** Sent instead of the fields, and signed by its hash in the URL (Event Streams). */
  readonly json?: string;
  /** For the delivery log: `status delivered`, `inbound`. */
  readonly what: string;
  readonly sid: string;
  /** Whether Twilio expects TwiML back. */
  readonly wantsTwiml: boolean;
}

/** What the sender needs from outside. */
export interface CallbackEnvironment {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly caller: HttpCaller;
  readonly log: DeliveryLog;
  readonly account: TwilioAccount;
}

const RETRY_PAUSE_MS = 200;
/** Event Streams delivers at least once, for hours; a sandbox gives up sooner. */
const JSON_OVERRIDES = '#rc=3&rp=all&rt=5000';

/**
 * Sends Twilio's webhooks: signed with the account's primary auth token, one idempotency token for all tries of a
 * delivery, tries and time-outs as the URL's fragment says. Unordered and best effort, as Twilio's are.
 */
export class CallbackSender {
  readonly habits = new WebhookHabits();

  constructor(private readonly environment: CallbackEnvironment) {}

  send(callback: Callback): void {
    const { delaysMs } = this.habits.decide();
    if (delaysMs.length === 0) this.logDrop(callback);
    const token = this.environment.ids.uuid();
    for (const delayMs of delaysMs) {
      if (delayMs === 0) void this.deliver(callback, token);
      else this.environment.clock.after(delayMs, () => void this.deliver(callback, token));
    }
  }

  private async deliver(callback: Callback, idempotencyToken: string): Promise<void> {
    const settings = readOverrides(
      callback.json === undefined ? callback.url : callback.url + JSON_OVERRIDES,
    );
    const startedAt = performance.now();
    for (let attempt = 1; attempt <= 1 + settings.retries; attempt += 1) {
      const leftMs = settings.totalTimeoutMs - (performance.now() - startedAt);
      if (leftMs <= 0) return;
      const result = await this.attempt(callback, settings, idempotencyToken, leftMs);
      this.logAttempt(callback, settings, attempt, result);
      if (!mayRetry(result, settings.retryPolicy)) return;
      await this.pause(RETRY_PAUSE_MS);
    }
  }

  private attempt(
    callback: Callback,
    settings: ConnectionSettings,
    idempotencyToken: string,
    leftMs: number,
  ): Promise<CallResult> {
    const { url, contentType, body, signed } = this.wireForm(callback, settings);
    const signature = twilioSignature(this.environment.account.authToken, url, signed);
    return this.environment.caller.call({
      url,
      method: callback.method,
      headers: {
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
        'x-twilio-signature': signature,
        'i-twilio-idempotency-token': idempotencyToken,
        'user-agent': 'TwilioProxy/1.1',
        accept: '*/*',
      },
      body,
      connectTimeoutMs: settings.connectTimeoutMs,
      totalTimeoutMs: Math.min(settings.connectTimeoutMs + settings.readTimeoutMs, Math.ceil(leftMs)),
    });
  }

  private wireForm(
    { method, fields, json }: Callback,
    settings: ConnectionSettings,
  ): { url: string; contentType: string | undefined; body: string | undefined; signed: FormFields } {
    if (json !== undefined) {
      const bodySHA256 = createHash('sha256').update(json).digest('hex');
      const url = withQuery(settings.url, { bodySHA256 });
      return { url, contentType: 'application/json', body: json, signed: {} };
    }
    if (method === 'GET')
      return { url: withQuery(settings.url, fields), contentType: undefined, body: undefined, signed: {} };
    const contentType = 'application/x-www-form-urlencoded; charset=utf-8';
    const body = new URLSearchParams(fields).toString();
    return { url: settings.url, contentType, body, signed: fields };
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.environment.clock.after(ms, resolve);
    });
  }

  private logAttempt(
    callback: Callback,
    { url }: ConnectionSettings,
    attempt: number,
    result: CallResult,
  ): void {
    const { what, sid } = callback;
    const { outcome, status, error, durationMs } = result;
    const warning = callback.wantsTwiml ? twimlWarning(result) : undefined;
    this.environment.log.add({
      vendor: 'twilio',
      what,
      id: sid,
      url,
      attempt,
      outcome,
      status,
      error,
      warning,
      durationMs,
    });
  }

  private logDrop({ what, sid, url }: Callback): void {
    this.environment.log.add({
      vendor: 'twilio',
      what,
      id: sid,
      url,
      attempt: 0,
      outcome: 'dropped',
      durationMs: 0,
    });
  }
}

function mayRetry(result: CallResult, policy: ReadonlySet<string>): boolean {
  const cause = causeOf(result);
  return cause !== undefined && (policy.has(cause) || policy.has('all'));
}

/** In the words of the retry policy; undefined when all went well. */
function causeOf({ outcome, status = 0 }: CallResult): string | undefined {
  if (outcome === 'connect-failed') return 'ct';
  if (outcome !== 'answered') return 'rt';
  if (status >= 500) return '5xx';
  return status >= 400 ? '4xx' : undefined;
}

/** Twilio's warning 12300, as its debugger would show it. */
function twimlWarning({ outcome, status, headers }: CallResult): string | undefined {
  if (outcome !== 'answered' || status === 204) return undefined;
  const type = String(headers['content-type'] ?? '');
  return /xml/.test(type) ? undefined : `12300 invalid Content-Type: ${type === '' ? 'none' : type}`;
}

function withQuery(url: string, fields: FormFields): string {
  return `${url}${url.includes('?') ? '&' : '?'}${new URLSearchParams(fields).toString()}`;
}
