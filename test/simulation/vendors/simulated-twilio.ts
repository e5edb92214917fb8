import type { SimulatedWorld } from '#libs/streams';
import type { VendorResponse } from '#libs/vendor-kit';
import { jsonAnswer, type ServedRequest, type VendorServer } from './vendor-network.js';

/** A message that the simulated Twilio has taken: the truth, whatever anybody heard of it. */
export interface TakenMessage {
  readonly sid: string;
  /** From the callback URL; Twilio itself shows it to nobody. */
  readonly commandId: string;
  readonly connectionId: string;
  readonly to: string;
  readonly from: string;
  readonly body: string;
  readonly takenAt: number;
  /** From then on it is in the list. */
  readonly listedAt: number;
  status: string;
  errorCode: number | null;
}

/** What the carrier network makes of a message in the end; null = nobody will ever know. */
type Fate = { readonly status: string; readonly errorCode: number | null } | null;

const UNREACHABLE_HANDSET = 30003;
const UNKNOWN_DESTINATION = 30005;

/** How often Twilio itself fails. */
const FAULTS = { tooMany: 0.03, failedBefore: 0.02, failedAfter: 0.02, worksLong: 0.02, listedLate: 0.2 };

/** Twilio's Messages API as far as the sender uses it. Keeps every message that it took. */
export class SimulatedTwilio implements VendorServer {
  readonly name = 'twilio';
  readonly messages: TakenMessage[] = [];
  /** Until then every request fails. */
  awayUntil = 0;
  /** Called when a message was taken. */
  onTaken: (message: TakenMessage) => void = () => undefined;
  /** Called for each status that Twilio would report to the callback URL. */
  onStatus: (message: TakenMessage) => void = () => undefined;

  constructor(private readonly world: SimulatedWorld) {}

  async serve(request: ServedRequest): Promise<VendorResponse> {
    const { chance, queue } = this.world;
    if (queue.now < this.awayUntil) return jsonAnswer(503, { code: 20503, message: 'away' });
    if (chance.strikesHere('twilio 429', FAULTS.tooMany))
      return jsonAnswer(429, { code: 20429, message: 'too many' }, { 'retry-after': '2' });
    if (chance.strikesHere('twilio 500 before it did anything', FAULTS.failedBefore))
      return jsonAnswer(500, { code: 20500, message: 'internal' });
    if (chance.strikesHere('twilio works long', FAULTS.worksLong))
      await new Promise<void>((resolve) => void queue.schedule(chance.between(5_000, 26_000), resolve));
    const answer = this.answer(request);
    return chance.strikesHere('twilio 500 after it did its work', FAULTS.failedAfter)
      ? jsonAnswer(500, { code: 20500, message: 'internal' })
      : answer;
  }

  private answer({ method, url, body = '' }: ServedRequest): VendorResponse {
    const { pathname, searchParams } = new URL(url);
    if (method === 'POST') return jsonAnswer(201, toJson(this.take(new URLSearchParams(body))));
    const sid = /Messages\/(\w+)\.json$/.exec(pathname)?.[1];
    if (sid === undefined) return this.list(searchParams.get('To') ?? '');
    const found = this.messages.find((message) => message.sid === sid);
    return found ? jsonAnswer(200, toJson(found)) : jsonAnswer(404, { code: 20404, message: 'not found' });
  }

  private list(to: string): VendorResponse {
    const { now } = this.world.queue;
    const found = this.messages.filter((message) => message.to === to && message.listedAt <= now);
    return jsonAnswer(200, { messages: found.toReversed().map(toJson), next_page_uri: null });
  }

  private take(form: URLSearchParams): TakenMessage {
    const { chance, history, queue } = this.world;
    const [connectionId = '', commandId = ''] = new URL(form.get('StatusCallback') ?? '').pathname
      .slice(1)
      .split('/');
    const late = chance.strikesHere('twilio lists a message late', FAULTS.listedLate);
    const message: TakenMessage = {
      sid: `SM${String(this.messages.length + 1).padStart(32, '0')}`,
      commandId,
      connectionId,
      to: form.get('To') ?? '',
      from: form.get('From') ?? '',
      body: form.get('Body') ?? '',
      takenAt: queue.now,
      listedAt: queue.now + (late ? chance.between(1_000, 15_000) : 0),
      status: 'queued',
      errorCode: null,
    };
    this.messages.push(message);
    history.note('twilio', () => `takes message ${this.messages.length} for command ${commandId}`);
    this.onTaken(message);
    this.planDelivery(message);
    return message;
  }

  private planDelivery(message: TakenMessage): void {
    const { chance, queue } = this.world;
    const reach = (afterMs: number, status: string, errorCode: number | null): void => {
      queue.schedule(afterMs, () => {
        message.status = status;
        message.errorCode = errorCode;
        this.onStatus(message);
      });
    };
    const sentAfter = chance.between(200, 5_000);
    reach(sentAfter, 'sent', null);
    const fate = this.fate();
    if (fate) reach(sentAfter + chance.between(200, 60_000), fate.status, fate.errorCode);
  }

  private fate(): Fate {
    const { chance } = this.world;
    if (chance.strikesHere('the handset is unreachable', 0.08))
      return { status: 'undelivered', errorCode: UNREACHABLE_HANDSET };
    if (chance.strikesHere('the destination is unknown', 0.03))
      return { status: 'undelivered', errorCode: UNKNOWN_DESTINATION };
    if (chance.strikesHere('no receipt ever comes', 0.02)) return null;
    return { status: 'delivered', errorCode: null };
  }
}

function toJson(message: TakenMessage) {
  return {
    sid: message.sid,
    status: message.status,
    error_code: message.errorCode,
    to: message.to,
    from: message.from,
    body: message.body,
    direction: 'outbound-api',
    messaging_service_sid: null,
    date_created: new Date(message.takenAt).toUTCString(),
    num_segments: '1',
    price: null,
    price_unit: 'USD',
  };
}
