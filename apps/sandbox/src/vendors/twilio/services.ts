import { fixedSid, type Ids } from '../../kit/ids.js';
import type { TwilioAccount, TwilioNumber } from './twilio-account.js';

/** A Messaging Service. */
export interface MessagingService {
  readonly sid: string;
  friendlyName: string;
  inboundRequestUrl: string | null;
  inboundMethod: 'GET' | 'POST';
  statusCallback: string | null;
  useInboundWebhookOnNumber: boolean;
  readonly senders: TwilioNumber[];
  readonly createdAt: number;
  updatedAt: number;
}

/** The account's Messaging Services and which numbers they hold. */
export class MessagingServices {
  private readonly bySid = new Map<string, MessagingService>();

  constructor(
    private readonly account: TwilioAccount,
    private readonly ids: Ids,
  ) {}

  get(sid: string): MessagingService | undefined {
    return this.bySid.get(sid);
  }

  all(): MessagingService[] {
    return [...this.bySid.values()];
  }

  create(friendlyName: string, now: number, sid = this.ids.sid('MG')): MessagingService {
    const service: MessagingService = {
      sid,
      friendlyName,
      inboundRequestUrl: null,
      inboundMethod: 'POST',
      statusCallback: null,
      useInboundWebhookOnNumber: false,
      senders: [],
      createdAt: now,
      updatedAt: now,
    };
    this.bySid.set(sid, service);
    return service;
  }

  delete(sid: string): boolean {
    return this.bySid.delete(sid);
  }

  /** The service that holds a number: at most one does. */
  holding(number: string): MessagingService | undefined {
    return this.all().find(({ senders }) => senders.some((sender) => sender.number === number));
  }

  /** The default world: one service over all numbers. */
  seed(now: number): void {
    this.bySid.clear();
    this.create('Ledgerwire', now, fixedSid('MG', 'twilio messaging service')).senders.push(
      ...this.account.numbers,
    );
  }

  /** The sender that a service takes for a recipient: a number of the same country when it has one, else its first. */
  senderFor(service: MessagingService, to: string): string | undefined {
    const sameCountry = service.senders.find(({ number }) => to.slice(0, 3) === number.slice(0, 3));
    return (sameCountry ?? service.senders[0])?.number;
  }
}
