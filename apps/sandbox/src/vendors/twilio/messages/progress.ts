import { type Random, seededRandom } from '#libs/core';
import { z } from 'zod';
import type { CallbackSender } from '../callbacks/callback-sender.js';
import type { Clock } from '#libs/core';
import type { FormFields } from '../callbacks/signature.js';
import { type NumberOutcome, problemOf } from './error-table.js';
import type { Message, MessageStatus } from './message.js';

/** The body of `POST /__sandbox/twilio/progress`. */
export const progressSchema = z.strictObject({
  queuedMs: z.int().min(0).describe('Sandbox milliseconds from accepted to queued (Messaging Service only)'),
  sendingMs: z.int().min(0).describe('From queued to sending'),
  sentMs: z.int().min(0).describe('From sending to sent'),
  finalMs: z.int().min(0).describe('From sent to delivered or undelivered'),
  priceMs: z.int().min(0).describe('From sent until the price is known'),
  noFinalFraction: z.number().min(0).max(1).describe('The fraction that stays sent for ever'),
  callbackStatuses: z
    .array(z.enum(['queued', 'sending', 'sent', 'delivered', 'undelivered', 'failed', 'canceled']))
    .describe('For which statuses a callback is made; never for the first one'),
  seed: z.int().min(0),
});

/** See {@link progressSchema}. */
export type ProgressSettings = z.output<typeof progressSchema>;

/** As Twilio documents which statuses call back; the times are of a fast carrier. */
export const defaultProgress: ProgressSettings = {
  queuedMs: 20,
  sendingMs: 20,
  sentMs: 50,
  finalMs: 150,
  priceMs: 1000,
  noFinalFraction: 0,
  callbackStatuses: ['queued', 'sent', 'delivered', 'undelivered', 'failed', 'canceled'],
  seed: 1,
};

/** What moving messages needs from outside. */
export interface ProgressEnvironment {
  readonly clock: Clock;
  readonly callbacks: CallbackSender;
  readonly outcomeOf: (to: string) => NumberOutcome | undefined;
  /** The sender that a Messaging Service chooses. */
  readonly senderOf: (message: Message) => string | null;
  readonly segmentsOf: (message: Message) => number;
}

const PRICE_PER_SEGMENT = 0.0079;

/** Moves accepted messages through their statuses in the sandbox's time and tells each step by callback. */
export class Progress {
  private settings = defaultProgress;
  private random: Random = seededRandom(defaultProgress.seed);

  constructor(private readonly environment: ProgressEnvironment) {}

  get current(): ProgressSettings {
    return this.settings;
  }

  change(settings: Partial<ProgressSettings>): void {
    this.settings = { ...this.settings, ...settings };
    this.random = seededRandom(this.settings.seed);
  }

  /** Sets a message on its way, at once or when it is due. */
  start(message: Message, delayMs = 0): void {
    const { clock } = this.environment;
    if (message.status === 'queued') clock.after(this.settings.sendingMs, () => this.sending(message));
    else clock.after(delayMs + this.settings.queuedMs, () => this.queue(message));
  }

  /** Ends a message that has not left yet. */
  cancel(message: Message): void {
    this.move(message, 'canceled');
  }

  private queue(message: Message): void {
    if (message.status !== 'accepted' && message.status !== 'scheduled') return;
    message.from ??= this.environment.senderOf(message);
    message.numSegments = this.environment.segmentsOf(message);
    this.move(message, 'queued');
    this.environment.clock.after(this.settings.sendingMs, () => this.sending(message));
  }

  private sending(message: Message): void {
    if (message.status !== 'queued') return;
    this.move(message, 'sending');
    this.environment.clock.after(this.settings.sentMs, () => this.sent(message));
  }

  private sent(message: Message): void {
    const { clock } = this.environment;
    message.sentAt = clock.now();
    this.move(message, 'sent');
    clock.after(this.settings.finalMs, () => this.finish(message));
    clock.after(this.settings.priceMs, () => {
      message.price = (-PRICE_PER_SEGMENT * message.numSegments).toFixed(5);
    });
  }

  private finish(message: Message): void {
    const outcome = this.environment.outcomeOf(message.to);
    if (outcome?.on === 'delivery') {
      if (outcome.code !== null) this.fail(message, outcome.status, outcome.code);
      return;
    }
    const { noFinalFraction } = this.settings;
    if (noFinalFraction > 0 && this.random() < noFinalFraction) return;
    this.move(message, 'delivered');
  }

  private fail(message: Message, status: 'undelivered' | 'failed', code: number): void {
    message.errorCode = code;
    message.errorMessage = problemOf(code).message;
    this.move(message, status);
  }

  private move(message: Message, status: MessageStatus): void {
    message.status = status;
    message.updatedAt = this.environment.clock.now();
    if (message.statusCallback === undefined) return;
    if (!this.settings.callbackStatuses.some((known) => known === status)) return;
    this.environment.callbacks.send({
      url: message.statusCallback,
      method: 'POST',
      fields: statusFields(message),
      what: `status ${status}`,
      sid: message.sid,
      wantsTwiml: false,
    });
  }
}

/** The form of a status callback: no price, no segments. */
function statusFields(message: Message): FormFields {
  const fields: Record<string, string> = {
    MessageSid: message.sid,
    SmsSid: message.sid,
    MessageStatus: message.status,
    SmsStatus: message.status,
    AccountSid: message.accountSid,
    To: message.to,
    From: message.from ?? '',
    ApiVersion: '2010-04-01',
  };
  if (message.messagingServiceSid !== null) fields['MessagingServiceSid'] = message.messagingServiceSid;
  if (message.errorCode !== null) {
    fields['ErrorCode'] = String(message.errorCode);
    fields['ErrorMessage'] = message.errorMessage ?? '';
  }
  if (message.status === 'delivered') fields['RawDlrDoneDate'] = minutes(message.updatedAt);
  return fields;
}

/** `YYMMDDhhmm`, UTC. */
function minutes(epochMs: number): string {
  return new Date(epochMs).toISOString().replaceAll(/[-T:]/g, '').slice(2, 12);
}
