import type { Clock } from '#libs/core';
import { defined } from '../../../kit/defined.js';
import type { DeliveryLog } from '../../../kit/delivery-log.js';
import type { CallResult, HttpCaller } from '../../../kit/http-caller.js';
import type { Ids } from '../../../kit/ids.js';
import { goodHabits, WebhookHabits } from '../../../kit/webhook-habits.js';
import type { BookChange } from '../books/xero-types.js';
import { EventBodies, type EventBody, signatureOf } from './event-body.js';
import {
  type DeliverySettings,
  documentedDelivery,
  GIVE_UP_AFTER_MS,
  type SubscriptionStatus,
  type XeroWebhookChange,
} from './webhook-settings.js';

/** What one handshake request was answered. */
export interface IntentAnswer {
  readonly correctlySigned: boolean;
  readonly status: number | null;
  readonly passed: boolean;
  readonly problem: string | null;
}

/** What the subscription needs from outside. */
export interface WebhookEnvironment {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly caller: HttpCaller;
  readonly log: DeliveryLog;
  /** The app's webhook key. */
  readonly key: string;
}

/**
 * The app's one subscription: gathers changes of all connected organisations into signed bodies and delivers them. A
 * body that fails is tried again at once and then every quarter of an hour, while later ones wait behind it; after 24
 * hours without a good answer the subscription is disabled.
 */
export class XeroWebhooks {
  readonly habits = new WebhookHabits();
  private readonly bodies: EventBodies;
  private delivery: DeliverySettings = documentedDelivery;
  private status: SubscriptionStatus = 'off';
  private url: string | undefined;
  private gathering: BookChange[] = [];
  private outbox: EventBody[] = [];
  private inFlight = 0;
  private failingSince: number | undefined;
  /** Raised when the subscription changes, so that what is still under way for the former one is forgotten. */
  private generation = 0;

  constructor(private readonly environment: WebhookEnvironment) {
    this.bodies = new EventBodies(environment.ids);
  }

  settings(): Record<string, unknown> {
    const waiting = this.outbox.length + this.gathering.length;
    return { url: this.url ?? null, status: this.status, waiting, ...this.delivery, ...this.habits.current };
  }

  /** Applies a change of settings; with a new url, does the handshake first unless told not to. */
  async change(change: XeroWebhookChange): Promise<void> {
    const {
      url,
      handshake = true,
      batchMs,
      maxEventsPerBody,
      concurrency,
      timeoutMs,
      retryEveryMs,
      ...habits
    } = change;
    const delivery = defined({ batchMs, maxEventsPerBody, concurrency, timeoutMs, retryEveryMs });
    this.delivery = { ...this.delivery, ...delivery };
    this.habits.change(defined(habits));
    if (url === undefined) return;
    this.generation += 1;
    this.url = url ?? undefined;
    this.failingSince = undefined;
    this.status = url === null ? 'off' : handshake ? 'intent-to-receive-required' : 'ok';
    if (url !== null && handshake) await this.intentToReceive();
    this.pump();
  }

  /** Takes a URL when nobody set another, and does the handshake. True when nothing more is to be done. */
  async offer(url: string): Promise<boolean> {
    if (this.url !== undefined && (this.url !== url || this.status !== 'intent-to-receive-required'))
      return true;
    await this.change({ url });
    return this.settings()['status'] === 'ok';
  }

  /** Takes a change; without a subscription in force it is never told, as at Xero. */
  take(change: BookChange): void {
    if (this.status !== 'ok' && this.status !== 'retrying') return;
    this.gathering.push(change);
    if (this.gathering.length === 1) this.environment.clock.after(this.delivery.batchMs, () => this.flush());
  }

  /** Plays the intent to receive: when all answers are right the subscription is on, else it is off. */
  async intentToReceive(): Promise<IntentAnswer[]> {
    const answers: IntentAnswer[] = [];
    for (const correctlySigned of [true, false, true, false])
      answers.push(await this.intend(correctlySigned));
    const passed = answers.every((answer) => answer.passed);
    if (this.url !== undefined) this.status = passed ? 'ok' : 'intent-to-receive-required';
    this.pump();
    return answers;
  }

  reset(): void {
    this.generation += 1;
    this.status = 'off';
    this.url = undefined;
    this.gathering = [];
    this.outbox = [];
    this.failingSince = undefined;
    this.delivery = documentedDelivery;
    this.bodies.reset();
    this.habits.change(goodHabits);
  }

  private flush(): void {
    const changes = this.gathering;
    this.gathering = [];
    const { maxEventsPerBody } = this.delivery;
    for (let start = 0; start < changes.length; start += maxEventsPerBody) {
      const body = this.bodies.of(changes.slice(start, start + maxEventsPerBody));
      for (const delayMs of this.habits.decide().delaysMs) this.enqueue({ ...body }, delayMs);
    }
    this.pump();
  }

  private enqueue(body: EventBody, delayMs: number): void {
    if (delayMs === 0) {
      this.outbox.push(body);
      return;
    }
    this.environment.clock.after(delayMs, () => {
      this.outbox.push(body);
      this.pump();
    });
  }

  private pump(): void {
    while (this.status === 'ok' && this.inFlight < this.delivery.concurrency) {
      const body = this.outbox.shift();
      if (!body) return;
      void this.deliver(body);
    }
  }

  private async deliver(body: EventBody): Promise<void> {
    const { generation } = this;
    this.inFlight += 1;
    const isFirstTime = body.attempts === 0;
    const delivered = (await this.attempt(body)) || (isFirstTime && (await this.attempt(body)));
    this.inFlight -= 1;
    if (generation === this.generation) this.settle(body, delivered);
    this.pump();
  }

  private settle(body: EventBody, delivered: boolean): void {
    if (delivered) {
      this.failingSince = undefined;
      if (this.status === 'retrying') this.status = 'ok';
      return;
    }
    this.putBack(body);
    if (this.status !== 'ok') return;
    const { clock } = this.environment;
    this.failingSince ??= clock.now();
    this.status = clock.now() - this.failingSince >= GIVE_UP_AFTER_MS ? 'disabled' : 'retrying';
    const { generation } = this;
    clock.after(this.delivery.retryEveryMs, () => {
      if (generation === this.generation && this.status === 'retrying') void this.probe();
    });
  }

  /** Tries the oldest body alone; the rest follow only when it is taken. */
  private async probe(): Promise<void> {
    const { generation } = this;
    const body = this.outbox.shift();
    const delivered = body === undefined || (await this.attempt(body));
    if (generation !== this.generation) return;
    this.status = 'ok';
    if (body) this.settle(body, delivered);
    this.pump();
  }

  /** Bodies that were in flight together come back in their order. */
  private putBack(body: EventBody): void {
    const place = this.outbox.findIndex((waiting) => waiting.first > body.first);
    this.outbox.splice(place === -1 ? this.outbox.length : place, 0, body);
  }

  private async attempt(body: EventBody): Promise<boolean> {
    body.attempts += 1;
    const result = await this.post(body.text, this.environment.key);
    const range =
      body.first === body.last ? String(body.first) : `${String(body.first)}-${String(body.last)}`;
    this.record(`events ${range}`, body.attempts, result);
    return result.status !== undefined && result.status >= 200 && result.status < 300;
  }

  private async intend(correctlySigned: boolean): Promise<IntentAnswer> {
    const { ids, key } = this.environment;
    const result = await this.post(this.bodies.empty(), correctlySigned ? key : ids.token());
    this.record(`intent to receive (${correctlySigned ? 'signed' : 'forged'})`, 1, result);
    const expected = correctlySigned ? 200 : 401;
    const answered = String(result.status ?? result.error);
    const problem =
      result.status === expected
        ? complaintAbout(result)
        : `answered ${answered}, expected ${String(expected)}`;
    return {
      correctlySigned,
      status: result.status ?? null,
      passed: problem === undefined,
      problem: problem ?? null,
    };
  }

  private post(text: string, key: string): Promise<CallResult> {
    const { timeoutMs } = this.delivery;
    return this.environment.caller.call({
      url: this.url ?? '',
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'x-xero-signature': signatureOf(key, text),
        'user-agent': 'Xero/1.0',
      },
      body: text,
      connectTimeoutMs: timeoutMs,
      totalTimeoutMs: timeoutMs,
    });
  }

  private record(what: string, attempt: number, result: CallResult): void {
    const { outcome, status, error, durationMs } = result;
    const warning = outcome === 'answered' ? complaintAbout(result) : undefined;
    const url = this.url ?? '';
    this.environment.log.add({
      vendor: 'xero',
      what,
      id: '',
      url,
      attempt,
      outcome,
      status,
      error,
      warning,
      durationMs,
    });
  }
}

/** What Xero rejects in an answer although its status is right. */
function complaintAbout(result: CallResult): string | undefined {
  if (result.body !== '') return 'the answer has a body';
  return result.headers['set-cookie'] === undefined ? undefined : 'the answer sets a cookie';
}
