import type { Connection, MessageCommand } from '#libs/contracts';
import {
  type Channel,
  type MessageErrorRule,
  type MessageState,
  type SendReceipt,
  type StatusRank,
  type VendorCall,
  type VendorContact,
  type VendorContacts,
  VendorError,
  type VendorMessaging,
} from '#libs/vendor-kit';

/** What the carrier does with the next call. `apply` = the message exists afterwards, whatever the caller hears. */
export interface Behaviour {
  readonly apply: boolean;
  /** Heard instead of a receipt. */
  readonly error?: Error;
  /** Nothing is ever heard: the process dies while it waits. */
  readonly hang?: boolean;
}

const RANKS: Readonly<Record<string, StatusRank>> = {
  queued: { rank: 1, final: false, delivered: null },
  sent: { rank: 3, final: false, delivered: null },
  undelivered: { rank: 4, final: true, delivered: false },
  delivered: { rank: 5, final: true, delivered: true },
};

/** A carrier in memory: it keeps what it took, and does with each call what the test says. */
export class FakeCarrier implements VendorMessaging {
  readonly channels = ['sms', 'email'] as const;
  readonly idempotency = 'none';
  readonly settleMs = 60_000;
  readonly maxBodyChars = 1_600;
  readonly errorTable: readonly MessageErrorRule[] = [
    rule(21211, 'recipient', 'invalid-number'),
    rule(21610, 'opted-out', 'opted-out'),
    rule(30004, 'opted-out', 'blocked'),
    rule(21408, 'configuration', 'country-not-enabled'),
    { ...rule(30003, 'transient', 'handset-unreachable'), maxRetries: 2, firstRetryMs: 1_800_000 },
    { ...rule(30008, 'transient', 'unknown-carrier-error'), maxRetries: 2, firstRetryMs: 300_000 },
    rule(30007, 'content', 'filtered'),
  ];
  /** What exists at the carrier, oldest first. */
  readonly messages: MessageState[] = [];
  /** Calls of {@link send}, whatever became of them. */
  readonly calls: { readonly command: MessageCommand; readonly statusCallbackUrl: string }[] = [];
  fetches = 0;
  listError: Error | undefined;
  /** What was looked for in the list. */
  readonly searches: { readonly to: string; readonly commandId?: string }[] = [];
  /** Called at the start of every send. */
  onSend: (command: MessageCommand) => void = () => undefined;
  /** What the carrier keeps of contacts. */
  readonly kept = new Map<string, VendorContact>();
  /** Numbers that were put on the carrier's block list. */
  readonly blocked: string[] = [];
  /** What the next calls about contacts hear instead of an answer. */
  readonly contactErrors: Error[] = [];
  readonly contacts: VendorContacts = {
    isSetUp: ({ settings }) => settings['syncServiceSid'] !== undefined,
    tellsOptOuts: ({ settings }) => settings['bulkConsents'] === 'on',
    put: (_call, contact) => this.aboutContacts(() => void this.kept.set(contact.key, contact)),
    remove: (_call, key) => this.aboutContacts(() => void this.kept.delete(key)),
    tellOptOut: (_call, { phone }) => this.aboutContacts(() => void this.blocked.push(phone)),
  };
  private readonly behaviours: Behaviour[] = [];

  constructor(private readonly now: () => number) {}

  /** Says what happens to the next calls, in order; afterwards every message is accepted. */
  next(...behaviours: readonly Behaviour[]): void {
    this.behaviours.push(...behaviours);
  }

  async send(
    _call: VendorCall,
    command: MessageCommand,
    options: { statusCallbackUrl: string },
  ): Promise<SendReceipt> {
    this.calls.push({ command, ...options });
    this.onSend(command);
    const { apply, error, hang } = this.behaviours.shift() ?? { apply: true };
    if (apply) this.take(command);
    if (hang) await new Promise(() => undefined);
    if (error) throw error;
    return { messageSid: this.messages.at(-1)?.messageSid ?? '', status: 'queued' };
  }

  private aboutContacts(act: () => void): Promise<void> {
    const error = this.contactErrors.shift();
    if (error) return Promise.reject(error);
    act();
    return Promise.resolve();
  }

  /** Puts a message into the carrier's list, as if it had been sent. */
  take(command: Pick<MessageCommand, 'to' | 'body' | 'channel'>): MessageState {
    const message: MessageState = {
      messageSid: `SM${String(this.messages.length + 1).padStart(32, '0')}`,
      channel: command.channel as Channel,
      status: 'queued',
      errorCode: null,
      to: command.to,
      from: '+15005550006',
      body: command.body,
      commandId: null,
      messagingServiceSid: null,
      direction: 'outbound',
      createdAt: this.now(),
      segments: 1,
      price: null,
    };
    this.messages.push(message);
    return message;
  }

  setStatus(messageSid: string, status: string, errorCode: number | null = null): void {
    const at = this.messages.findIndex((message) => message.messageSid === messageSid);
    const found = this.messages[at];
    if (found) this.messages[at] = { ...found, status, errorCode };
  }

  fetch(_call: VendorCall, { messageSid }: { readonly messageSid: string }): Promise<MessageState> {
    this.fetches += 1;
    const found = this.messages.find((message) => message.messageSid === messageSid);
    return found
      ? Promise.resolve(found)
      : Promise.reject(failure({ code: 'vendor-not-found', status: 404 }));
  }

  list(
    _call: VendorCall,
    filter: { readonly to: string; readonly createdAfter: number; readonly commandId?: string },
  ): Promise<MessageState[]> {
    this.searches.push(filter);
    if (this.listError) return Promise.reject(this.listError);
    const found = this.messages.filter(
      ({ to, createdAt }) => to === filter.to && createdAt !== null && createdAt >= filter.createdAfter,
    );
    return Promise.resolve(found.toReversed());
  }

  isSameMessage(command: MessageCommand, state: MessageState, _connection: Connection): boolean {
    return state.to === command.to && state.body === command.body;
  }

  fallbackClass(status: number | undefined): 'ambiguous' | 'transient' | 'recipient' {
    if (status === undefined) return 'recipient';
    return status >= 500 ? 'ambiguous' : 'recipient';
  }

  rankOf(_channel: Channel, status: string): StatusRank {
    return RANKS[status] ?? { rank: 0, final: false, delivered: null };
  }

  segmentsOf(text: string) {
    return { encoding: 'GSM-7', units: text.length, segments: 1 } as const;
  }
}

/** A VendorError as the transport would throw it. */
export function failure(details: Partial<ConstructorParameters<typeof VendorError>[1]>): VendorError {
  return new VendorError('the carrier refused', {
    code: 'vendor-rejected',
    disposition: 'dead-letter',
    vendor: 'twilio',
    effect: 'none',
    ...details,
  });
}

/** The answer to a send was lost. */
export const lostAnswer = failure({ code: 'vendor-reset', disposition: 'retry', effect: 'unknown' });

/** HTTP 429: certainly not processed. */
export function busyFor(retryAfterMs: number): VendorError {
  return failure({ code: 'vendor-rate-limited', disposition: 'park', status: 429, retryAfterMs });
}

/** The same for half a minute. */
export const tooMany = busyFor(30_000);

/** A refused send with one of the carrier's codes. */
export function refusal(vendorCode: number): VendorError {
  return failure({ status: 400, vendorCode: String(vendorCode) });
}

function rule(code: number, errorClass: MessageErrorRule['class'], reason: string): MessageErrorRule {
  return {
    codes: [code],
    class: errorClass,
    reason,
    meaning: `what ${code} means`,
    maxRetries: 0,
    firstRetryMs: null,
  };
}
