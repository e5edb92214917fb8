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
    const settings = readOverrides(callback.url);
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
    const isPost = callback.method === 'POST';
    const url = isPost ? settings.url : withQuery(settings.url, callback.fields);
    const signature = twilioSignature(this.environment.account.authToken, url, isPost ? callback.fields : {});
    return this.environment.caller.call({
      url,
      method: callback.method,
      headers: {
        ...(isPost ? { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' } : {}),
        'x-twilio-signature': signature,
        'i-twilio-idempotency-token': idempotencyToken,
        'user-agent': 'TwilioProxy/1.1',
        accept: '*/*',
      },
      body: isPost ? new URLSearchParams(callback.fields).toString() : undefined,
      connectTimeoutMs: settings.connectTimeoutMs,
      totalTimeoutMs: Math.min(settings.connectTimeoutMs + settings.readTimeoutMs, Math.ceil(leftMs)),
    });
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
