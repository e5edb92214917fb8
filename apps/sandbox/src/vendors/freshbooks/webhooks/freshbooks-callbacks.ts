import type { Clock } from '#libs/core';
import { defined } from '../../../kit/defined.js';
import type { DeliveryLog } from '../../../kit/delivery-log.js';
import type { HttpCaller } from '../../../kit/http-caller.js';
import type { Ids } from '../../../kit/ids.js';
import { goodHabits, WebhookHabits } from '../../../kit/webhook-habits.js';
import type { Business } from '../books/account-books.js';
import type { BookChange } from '../books/entity.js';
import { utcStamp } from '../books/stamps.js';
import { type CallbackSettings, callbackSettingsSchema, usualSettings } from './callback-settings.js';
import { signatureOf } from './python-json.js';

/** A subscription of the app to one event of one account. */
export interface Callback {
  readonly id: number;
  readonly business: Business;
  readonly event: string;
  uri: string;
  /** The secret: sent to the URI, expected back, and the key of signatures from then on. */
  readonly verifier: string;
  verified: boolean;
  updatedAt: string;
}

/** What the callbacks need from outside. */
export interface CallbackEnvironment {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly caller: HttpCaller;
  readonly log: DeliveryLog;
}

const NOUNS = new Set(
  'bill bill_vendor category client credit_note estimate expense invoice item payment project recurring service tax time_entry'.split(
    ' ',
  ),
);
const VERBS = new Set(['create', 'update', 'delete']);

/** The noun of an event name. */
export function nounOf(event: string): string {
  return event.split('.')[0] ?? '';
}

/** A noun alone stands for all its verbs. */
export function isEventName(event: string): boolean {
  const [noun = '', verb] = event.split('.');
  const isMail = verb === 'sendByEmail' && (noun === 'invoice' || noun === 'estimate');
  return NOUNS.has(noun) && (verb === undefined || VERBS.has(verb) || isMail);
}

/** FreshBooks' callbacks: handshake, signed form posts, retries; a callback that is not verified gets nothing but its verifier. */
export class FreshbooksCallbacks {
  readonly habits = new WebhookHabits();
  private readonly callbacks = new Map<number, Callback>();
  private settingsInForce: CallbackSettings = usualSettings;
  private lastId = 2000;
  /** Raised by a reset, so that what is still under way is forgotten. */
  private generation = 0;

  constructor(private readonly environment: CallbackEnvironment) {}

  settings(): Record<string, unknown> {
    const all = [...this.callbacks.values()];
    const verified = all.filter((callback) => callback.verified).length;
    return { callbacks: all.length, verified, ...this.settingsInForce, ...this.habits.current };
  }

  change(change: unknown): void {
    const { timeoutMs, retryAfterMs, sortedSignature, dropHandshakes, ...habits } =
      callbackSettingsSchema.parse(change);
    const settings = defined({ timeoutMs, retryAfterMs, sortedSignature, dropHandshakes });
    this.settingsInForce = { ...this.settingsInForce, ...settings };
    this.habits.change(defined(habits));
  }

  of(accountId: string): Callback[] {
    return [...this.callbacks.values()].filter(({ business }) => business.accountId === accountId);
  }

  create(business: Business, event: string, uri: string): Callback {
    this.lastId += 1;
    const verifier = this.environment.ids.token().replaceAll(/[-_]/g, 'x').slice(0, 33);
    const callback = {
      id: this.lastId,
      business,
      event,
      uri,
      verifier,
      verified: false,
      updatedAt: this.stamp(),
    };
    this.callbacks.set(callback.id, callback);
    if (!this.settingsInForce.dropHandshakes) this.sendVerifier(callback);
    return callback;
  }

  /** True when it was the verifier that was sent. */
  verify(callback: Callback, verifier: string): boolean {
    if (verifier !== callback.verifier) return false;
    callback.verified = true;
    callback.updatedAt = this.stamp();
    return true;
  }

  move(callback: Callback, uri: string): void {
    callback.uri = uri;
    callback.verified = false;
    callback.updatedAt = this.stamp();
    this.sendVerifier(callback);
  }

  remove({ id }: Callback): void {
    this.callbacks.delete(id);
  }

  /** Posts the verifier; a receiver that is not there loses it. */
  sendVerifier(callback: Callback): void {
    const fields = {
      ...this.fieldsOf(callback, 'callback.verify', callback.id),
      verifier: callback.verifier,
    };
    this.environment.clock.after(1, () => void this.attempt(callback, fields, 1));
  }

  /** Tells of a change to every callback that wants it. */
  take({ accountId, event, objectId }: BookChange): void {
    for (const callback of this.of(accountId)) {
      if (!callback.verified || (callback.event !== event && callback.event !== nounOf(event))) continue;
      const fields = this.fieldsOf(callback, event, objectId);
      for (const delayMs of this.habits.decide().delaysMs)
        this.environment.clock.after(delayMs, () => void this.deliver(callback, fields, 1));
    }
  }

  reset(): void {
    this.generation += 1;
    this.callbacks.clear();
    this.settingsInForce = usualSettings;
    this.habits.change(goodHabits);
  }

  private async deliver(
    callback: Callback,
    fields: Readonly<Record<string, string>>,
    attempt: number,
  ): Promise<void> {
    const { generation } = this;
    if (this.callbacks.get(callback.id) !== callback || (await this.attempt(callback, fields, attempt)))
      return;
    const retryAfterMs = this.settingsInForce.retryAfterMs[attempt - 1];
    if (generation !== this.generation || retryAfterMs === undefined) return;
    this.environment.clock.after(retryAfterMs, () => void this.deliver(callback, fields, attempt + 1));
  }

  private async attempt(
    callback: Callback,
    fields: Readonly<Record<string, string>>,
    attempt: number,
  ): Promise<boolean> {
    const { caller, log } = this.environment;
    const { timeoutMs, sortedSignature } = this.settingsInForce;
    const signed = sortedSignature
      ? Object.fromEntries(Object.entries(fields).sort(([one], [other]) => (one < other ? -1 : 1)))
      : fields;
    const { outcome, status, error, durationMs } = await caller.call({
      url: callback.uri,
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-freshbooks-hmac-sha256': signatureOf(signed, callback.verifier),
        'user-agent': 'FreshBooks Callbacks (sandbox)',
      },
      body: new URLSearchParams(fields).toString(),
      connectTimeoutMs: timeoutMs,
      totalTimeoutMs: timeoutMs,
    });
    const what = fields['name'] ?? '';
    const id = fields['object_id'] ?? '';
    const where = { vendor: 'freshbooks', what, id, url: callback.uri, attempt };
    log.add({ ...where, outcome, status, error, warning: undefined, durationMs });
    return status !== undefined && status >= 200 && status < 300;
  }

  /** In the order of a captured delivery. */
  private fieldsOf({ business }: Callback, name: string, objectId: number): Record<string, string> {
    return {
      name,
      object_id: String(objectId),
      user_id: '1',
      identity_id: '712052',
      business_id: String(business.businessId),
      account_id: business.accountId,
    };
  }

  private stamp(): string {
    return utcStamp(this.environment.clock.now());
  }
}
