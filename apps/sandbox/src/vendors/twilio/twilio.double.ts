import { Inject, Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { defined } from '../../kit/defined.js';
import { DeliveryLog } from '../../kit/delivery-log.js';
import { addFaultHooks, type FaultableVendor } from '../../kit/fault-hooks.js';
import { FaultPlan } from '../../kit/fault-plan.js';
import { HttpCaller } from '../../kit/http-caller.js';
import { Ids } from '../../kit/ids.js';
import { mountAt } from '../../kit/mount-at.js';
import { Origin } from '../../kit/origin.js';
import { SandboxClock } from '../../kit/sandbox-clock.js';
import { TruthLedger } from '../../kit/truth-ledger.js';
import type { EndpointDescription, RecentItem, VendorDouble } from '../../kit/vendor-double.js';
import { goodHabits, habitsSchema } from '../../kit/webhook-habits.js';
import { addAccountsHostRoutes } from './accounts-host.routes.js';
import { addAccountRoutes } from './account.routes.js';
import { CallbackSender } from './callbacks/callback-sender.js';
import { sendInbound } from './callbacks/inbound.js';
import { Emails } from './email/emails.js';
import { addEmailRoutes } from './email/emails.routes.js';
import { BlockList, optOutTypeOf } from './messages/block-list.js';
import { DEFAULT_OUTCOMES, type NumberOutcome } from './messages/error-table.js';
import type { Message } from './messages/message.js';
import { MessageStore } from './messages/message-store.js';
import { addMessageRoutes } from './messages/messages.routes.js';
import { defaultProgress, Progress } from './messages/progress.js';
import { segmentsOf } from './messages/segments.js';
import type { SendWorld } from './messages/send-rules.js';
import { EventStreams } from './event-streams/event-streams.js';
import { addEventStreamsRoutes } from './event-streams/event-streams.routes.js';
import { MessagingServices } from './services.js';
import { addServiceRoutes } from './services.routes.js';
import { SyncStore } from './sync/sync-store.js';
import { addSyncRoutes } from './sync/sync.routes.js';
import { TWILIO_ENDPOINTS } from './twilio.endpoints.js';
import { defaultAccount, type TwilioNumber } from './twilio-account.js';
import { TwilioGuard, twilioLimitsSchema } from './twilio-guard.js';
import { problemText } from './twilio-reply.js';

/** What `POST /__sandbox/webhooks` takes for Twilio. */
const twilioWebhookSchema = habitsSchema.partial().extend({
  inboundUrl: z.url().nullable().optional().describe('Where texts to the numbers of the default service go'),
  emailEventsUrl: z.url().nullable().optional().describe('Where Event Streams sends events of e-mails'),
});

/** A text that arrives at one of the account's numbers. */
export interface InboundText {
  readonly from: string;
  readonly to: string;
  readonly body: string;
}

/** The demo books' contact who has opted out before. */
const OPTED_OUT = '+64275550107';

/** Twilio's Messages, Messaging Services and status callbacks over messages in memory. */
@Injectable()
export class TwilioDouble implements VendorDouble, FaultableVendor {
  readonly vendor = 'twilio';
  readonly endpoints: readonly EndpointDescription[] = TWILIO_ENDPOINTS;
  readonly blockList = new BlockList();
  readonly messages = new MessageStore();
  private readonly emails: Emails;
  private readonly streams: EventStreams;
  private readonly sync: SyncStore;
  readonly progress: Progress;
  private readonly account = defaultAccount();
  private readonly services: MessagingServices;
  private readonly callbacks: CallbackSender;
  private readonly guard: TwilioGuard;
  private outcomes = new Map<string, NumberOutcome>(DEFAULT_OUTCOMES);

  constructor(
    @Inject(SandboxClock) private readonly clock: SandboxClock,
    @Inject(Ids) private readonly ids: Ids,
    @Inject(TruthLedger) private readonly ledger: TruthLedger,
    @Inject(FaultPlan) private readonly faults: FaultPlan,
    @Inject(HttpCaller) caller: HttpCaller,
    @Inject(DeliveryLog) log: DeliveryLog,
    @Inject(Origin) private readonly origin: Origin,
  ) {
    const { account } = this;
    this.services = new MessagingServices(account, ids);
    this.sync = new SyncStore(clock, ids);
    this.guard = new TwilioGuard(account, clock);
    this.callbacks = new CallbackSender({ clock, ids, caller, log, account });
    this.streams = new EventStreams({ clock, ids, account, callbacks: this.callbacks });
    this.emails = new Emails(clock, ids, (email) => this.streams.emailMoved(email));
    this.progress = new Progress({
      clock,
      callbacks: this.callbacks,
      outcomeOf: (to) => this.outcomes.get(to),
      senderOf: (message) => this.senderOf(message),
      segmentsOf: (message) => segmentsOf(message.body),
    });
    this.seed();
  }

  mount(server: FastifyInstance): void {
    // Each of Twilio's hosts has its own prefix; the 2010 API also answers at the root for clients that replace the origin.
    for (const prefix of ['/twilio/2010-04-01', '/2010-04-01'])
      mountAt(server, prefix, (child) => {
        this.addHooks(child);
        addMessageRoutes(child, {
          ...this.parts(),
          store: this.messages,
          progress: this.progress,
          world: this.world,
        });
        addAccountRoutes(child, this.account);
      });
    this.mountHosts(server);
  }

  connectionOf(request: FastifyRequest): string | undefined {
    const { AccountSid } = (request.params ?? {}) as { AccountSid?: string };
    return AccountSid?.replace(/\.json$/, '') ?? this.account.sid;
  }

  errorBody(status: number): { contentType: string; body: string } {
    const code = status === 429 ? 20429 : status === 401 ? 20003 : status === 503 ? 20503 : 20500;
    return { contentType: 'application/json;charset=utf-8', body: problemText(code, status) };
  }

  clients(origin: string): Record<string, unknown> {
    const [key] = this.account.keys;
    const twilio = {
      apiBaseUrl: `${origin}/twilio`,
      messagingBaseUrl: `${origin}/twilio-messaging`,
      commsBaseUrl: `${origin}/twilio-comms`,
      syncBaseUrl: `${origin}/twilio-sync`,
      accountsBaseUrl: `${origin}/twilio-accounts`,
      eventsBaseUrl: `${origin}/twilio-events`,
      accountSid: this.account.sid,
      authToken: this.account.authToken,
      apiKeySid: key?.[0],
      apiKeySecret: key?.[1],
      messagingServiceSid: this.services.all()[0]?.sid,
      numbers: this.account.numbers.map(({ number }) => number),
    };
    return { twilio };
  }

  servers(): Record<string, string> {
    return {
      api: '/twilio',
      comms: '/twilio-comms',
      sync: '/twilio-sync',
      accounts: '/twilio-accounts',
    };
  }

  webhooks(): Record<string, unknown> {
    const [service] = this.services.all();
    return {
      inboundUrl: service?.inboundRequestUrl ?? null,
      emailEventsUrl: this.streams.emailEventsUrl(),
      ...this.callbacks.habits.current,
    };
  }

  changeWebhooks(change: unknown): Promise<Record<string, unknown>> {
    const { inboundUrl, emailEventsUrl, ...habits } = twilioWebhookSchema.parse(change);
    const [service] = this.services.all();
    if (inboundUrl !== undefined && service) service.inboundRequestUrl = inboundUrl;
    if (emailEventsUrl !== undefined) this.streams.setEmailEventsUrl(emailEventsUrl);
    this.callbacks.habits.change(defined(habits));
    return Promise.resolve(this.webhooks());
  }

  limits(): Record<string, number | null> {
    return { ...this.guard.limits };
  }

  changeLimits(change: unknown): void {
    this.guard.changeLimits(defined(twilioLimitsSchema.partial().parse(change)));
  }

  summary(): Record<string, number | string> {
    return {
      messages: this.messages.size,
      emails: this.emails.size,
      'opt-outs': this.blockList.size,
      services: this.services.all().length,
    };
  }

  recent(count: number): RecentItem[] {
    const emails = this.emails.latest(count).map((email) => ({
      at: new Date(email.createdAt).toISOString(),
      id: email.id,
      to: email.to.address,
      text: email.content.subject,
      status: email.status.toLowerCase(),
      isFinal: email.status === 'DELIVERED' || email.status === 'OPENED',
      problem: email.status === 'FAILED' || email.status === 'UNDELIVERED' ? 'not delivered' : undefined,
    }));
    const messages = this.messages.latest(count).map((message) => ({
      at: new Date(message.createdAt).toISOString(),
      id: message.sid,
      to: message.to,
      text: message.body,
      status: message.status,
      isFinal: message.status === 'delivered' || message.status === 'received',
      problem: message.errorMessage ?? undefined,
    }));
    return [...messages, ...emails].toSorted((a, b) => b.at.localeCompare(a.at)).slice(0, count);
  }

  reset(): void {
    Object.assign(this.account, defaultAccount());
    this.messages.clear();
    this.emails.clear();
    this.streams.clear();
    this.sync.clear();
    this.blockList.clear();
    this.outcomes = new Map(DEFAULT_OUTCOMES);
    this.progress.change(defaultProgress);
    this.callbacks.habits.change(goodHabits);
    this.guard.reset();
    this.seed();
  }

  /** Says what becomes of messages to a number from now on; undefined makes it an ordinary one. */
  setOutcome(number: string, outcome: NumberOutcome | undefined): void {
    if (outcome) this.outcomes.set(number, outcome);
    else this.outcomes.delete(number);
  }

  /** The numbers with an outcome of their own. */
  numberOutcomes(): Record<string, NumberOutcome> {
    return Object.fromEntries(this.outcomes);
  }

  /** A text from outside: kept, taken as opt-out or opt-in, and told by webhook. Undefined when the number is not ours. */
  receive(text: InboundText): { readonly message: Message; readonly delivered: boolean } | undefined {
    const number = this.account.numbers.find((own) => own.number === text.to);
    if (!number) return undefined;
    const service = this.services.holding(number.number);
    const optOutType = optOutTypeOf(text.body);
    const senders = service
      ? [service.sid, ...service.senders.map((sender) => sender.number)]
      : [number.number];
    if (optOutType === 'STOP') this.blockList.block(text.from, senders);
    if (optOutType === 'START') this.blockList.unblock(text.from, senders);
    const message = this.inboundMessage(text, number, service?.sid ?? null);
    this.messages.add(message);
    return { message, delivered: sendInbound(this.callbacks, message, number, service, optOutType) };
  }

  private inboundMessage(
    text: InboundText,
    number: TwilioNumber,
    messagingServiceSid: string | null,
  ): Message {
    const now = this.clock.now();
    return {
      sid: this.ids.sid('SM'),
      accountSid: this.account.sid,
      to: number.number,
      from: text.from,
      body: text.body,
      messagingServiceSid,
      status: 'received',
      errorCode: null,
      errorMessage: null,
      numSegments: segmentsOf(text.body),
      numMedia: 0,
      direction: 'inbound',
      price: null,
      createdAt: now,
      updatedAt: now,
      sentAt: now,
      statusCallback: undefined,
    };
  }

  private seed(): void {
    this.services.seed(this.clock.now());
    const [service] = this.services.all();
    const numbers = this.account.numbers.map(({ number }) => number);
    this.blockList.block(OPTED_OUT, service ? [service.sid, ...numbers] : numbers);
  }

  /** The hosts beside `api.twilio.com`. */
  private mountHosts(server: FastifyInstance): void {
    const { clock, ids, ledger, account, services, blockList } = this;
    const hosts: Readonly<Record<string, (scope: FastifyInstance, baseUrl: () => string) => void>> = {
      '/twilio-messaging': (scope, baseUrl) => addServiceRoutes(scope, { clock, account, services, baseUrl }),
      '/twilio-comms': (scope, baseUrl) =>
        addEmailRoutes(scope, { emails: this.emails, ledger, accountSid: account.sid, baseUrl }),
      '/twilio-events': (scope, baseUrl) =>
        addEventStreamsRoutes(scope, { streams: this.streams, accountSid: account.sid, baseUrl }),
      '/twilio-sync': (scope, baseUrl) =>
        addSyncRoutes(scope, { store: this.sync, ledger, accountSid: account.sid, baseUrl }),
      '/twilio-accounts': (scope) => {
        const credentialsChanged = (): void => this.guard.forget();
        addAccountsHostRoutes(scope, { clock, ids, ledger, account, blockList, credentialsChanged });
      },
    };
    for (const [prefix, addRoutes] of Object.entries(hosts))
      mountAt(server, prefix, (scope) => {
        this.addHooks(scope);
        addRoutes(scope, () => this.origin.url + prefix);
      });
  }

  private addHooks(server: FastifyInstance): void {
    this.guard.addHooks(server);
    addFaultHooks(server, this.faults, this);
  }

  private parts(): { clock: SandboxClock; ids: Ids; ledger: TruthLedger } {
    const { clock, ids, ledger } = this;
    return { clock, ids, ledger };
  }

  private readonly world = (): SendWorld => ({
    account: this.account,
    services: this.services,
    blockList: this.blockList,
    outcomeOf: (to) => this.outcomes.get(to),
    now: this.clock.now(),
  });

  private senderOf(message: Message): string | null {
    const service = this.services.get(message.messagingServiceSid ?? '');
    return service ? (this.services.senderFor(service, message.to) ?? null) : null;
  }
}
