import type { Clock } from '#libs/core';
import type { Ids } from '../../../kit/ids.js';
import type { CallbackSender } from '../callbacks/callback-sender.js';
import type { TwilioAccount } from '../twilio-account.js';
import type { Email, EmailStatus } from '../email/email-types.js';

/** Where events go: a webhook. */
export interface Sink {
  readonly sid: string;
  readonly description: string;
  readonly destination: string;
  readonly createdAt: number;
}

/** Which types go to a sink. */
export interface Subscription {
  readonly sid: string;
  readonly description: string;
  readonly sinkSid: string;
  readonly types: readonly string[];
  readonly createdAt: number;
}

/** What the events are made from. */
export interface EventStreamsEnvironment {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly account: TwilioAccount;
  readonly callbacks: CallbackSender;
}

const TYPE_PREFIX = 'com.twilio.comms-api.message.';
const WORDS: Readonly<Partial<Record<EmailStatus, string>>> = {
  QUEUED: 'queued',
  SENT: 'sent',
  DELIVERED: 'delivered',
  OPENED: 'read',
  UNDELIVERED: 'undelivered',
  FAILED: 'failed',
};

/**
 * Event Streams with webhook sinks: CloudEvents in a JSON array, signed by the hash of their bytes in the URL. The types are those
 * that twilio.com/docs/comms/events lists for messages of the Communications API; that e-mails use the same is not documented.
 */
export class EventStreams {
  private readonly sinks = new Map<string, Sink>();
  private readonly subscriptions = new Map<string, Subscription>();

  constructor(private readonly environment: EventStreamsEnvironment) {}

  createSink(description: string, destination: string): Sink {
    const sid = this.environment.ids.sid('DG');
    const sink = { sid, description, destination, createdAt: this.environment.clock.now() };
    this.sinks.set(sid, sink);
    return sink;
  }

  sink(sid: string): Sink | undefined {
    return this.sinks.get(sid);
  }

  allSinks(): Sink[] {
    return [...this.sinks.values()];
  }

  deleteSink(sid: string): boolean {
    for (const [key, subscription] of this.subscriptions)
      if (subscription.sinkSid === sid) this.subscriptions.delete(key);
    return this.sinks.delete(sid);
  }

  subscribe(description: string, sinkSid: string, types: readonly string[]): Subscription {
    const sid = this.environment.ids.sid('DF');
    const subscription = { sid, description, sinkSid, types, createdAt: this.environment.clock.now() };
    this.subscriptions.set(sid, subscription);
    return subscription;
  }

  allSubscriptions(): Subscription[] {
    return [...this.subscriptions.values()];
  }

  /** Where the events of e-mails go, as one would set it in the Console; null takes all sinks away. */
  setEmailEventsUrl(url: string | null): void {
    this.clear();
    if (url === null) return;
    const { sid } = this.createSink('e-mail events', url);
    this.subscribe(
      'e-mail events',
      sid,
      [...new Set(Object.values(WORDS))].map((word) => TYPE_PREFIX + word),
    );
  }

  emailEventsUrl(): string | null {
    return this.allSinks()[0]?.destination ?? null;
  }

  clear(): void {
    this.sinks.clear();
    this.subscriptions.clear();
  }

  /** Tells the sinks that want to know what became of an e-mail. */
  emailMoved(email: Email): void {
    const word = WORDS[email.status];
    if (word === undefined) return;
    const type = TYPE_PREFIX + word;
    for (const { sinkSid, types } of this.subscriptions.values()) {
      const sink = this.sinks.get(sinkSid);
      if (sink && types.includes(type)) this.send(sink, email, type);
    }
  }

  private send(sink: Sink, email: Email, type: string): void {
    const { account, callbacks, clock, ids } = this.environment;
    const event = {
      specversion: '1.0',
      type,
      source: `/v1/Emails/${email.id}`,
      id: ids.sid('EZ'),
      dataschema: `https://events-schemas.twilio.com/CommsApi.Message/4`,
      datacontenttype: 'application/json',
      time: new Date(clock.now()).toISOString(),
      data: {
        operation_id: email.operationId,
        message_id: email.id,
        account_sid: account.sid,
        attempt: '1',
        from: { address: email.from.address, channel: 'EMAIL' },
        to: { address: email.to.address, channel: 'EMAIL' },
        tags: email.tags,
      },
    };
    callbacks.send({
      url: sink.destination,
      method: 'POST',
      fields: {},
      json: JSON.stringify([event]),
      what: `email ${email.status.toLowerCase()}`,
      sid: email.id,
      wantsTwiml: false,
    });
  }
}
