import {
  type ChangeNotice,
  type Connection,
  type DeadLetter,
  headerNames,
  type Outcome,
  type OutcomeParts,
  outcomeOf,
  type Topic,
  topics,
} from '#libs/contracts';
import { digestOf } from '#libs/core';
import type { OutgoingRecord } from '#libs/streams';
import {
  type ChangeEvent,
  changeNoticeOf,
  type CommunicationEvent,
  communicationOf,
  type DeliveryEvent,
  deliveryReportOf,
  noticeIdOf,
  type WebhookEvent,
  type WebhookRequest,
} from '#libs/vendor-kit';
import type { TraceStart } from './trace-ids.js';

/** Workspace of what cannot be assigned to one yet. */
export const UNASSIGNED_WORKSPACE = 'unassigned';

/** One webhook as it arrived. */
export interface Arrival {
  readonly vendor: string;
  readonly webhookId: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  readonly trace: TraceStart;
}

type Headers = Readonly<Record<string, string>>;
type OutcomeFacts = Omit<OutcomeParts, 'step' | 'service' | 'at' | 'workspaceId' | 'status' | 'what'>;

/** Gathers the records of one webhook, so that they leave in one request to the broker. */
export class WebhookRecords {
  readonly records: OutgoingRecord<unknown>[] = [];
  private headersOf: { readonly workspaceId: string; readonly headers: Headers } | undefined;

  constructor(
    private readonly arrival: Arrival,
    private readonly notices: Topic<ChangeNotice>,
  ) {}

  /** The workspaces that something was told of. */
  get workspaceIds(): Iterable<string> {
    return new Set(this.records.flatMap(({ headers }) => headers?.[headerNames.workspace] ?? []));
  }

  /** An event of a connection that we know. */
  accept(connection: Connection, event: WebhookEvent): void {
    if (event.kind === 'change') this.acceptChange(connection, event);
    else if (event.kind === 'delivery') this.acceptDelivery(connection, event);
    else this.acceptCommunication(connection, event);
  }

  /** An event of a connection that its owner has ended: visible, and nothing more. */
  skip(connection: Connection, event: WebhookEvent): void {
    this.tell(connection.workspaceId, 'skipped', eventId(connection, event), {
      ...eventFacts(event),
      connectionId: connection.connectionId,
      reason: 'connection-disconnected',
      detail: 'The connection is disconnected; nothing was read.',
    });
  }

  /** The whole body, byte for byte, because it or a part of it can go nowhere at present. */
  setAside(request: WebhookRequest, workspaceId: string, error: { code: string; message: string }): void {
    const { webhookId } = this.arrival;
    this.add(topics.deadLetters, webhookId, workspaceId, this.deadLetter(request, error));
    this.tell(workspaceId, 'dead-lettered', webhookId, { reason: error.code, detail: error.message });
  }

  /** No outcome: the notice says all of it, and console makes the trail's line of it. */
  private acceptChange(connection: Connection, event: ChangeEvent): void {
    const notice = changeNoticeOf(connection, event, this.arrival);
    this.add(this.notices, connection.connectionId, connection.workspaceId, notice);
  }

  /** No outcome: what the report changes is told by the service that keeps the message's state. */
  private acceptDelivery(connection: Connection, event: DeliveryEvent): void {
    const report = deliveryReportOf(connection, event, this.arrival.receivedAt);
    this.add(topics.deliveryReports, connection.connectionId, connection.workspaceId, report);
  }

  private acceptCommunication(connection: Connection, event: CommunicationEvent): void {
    const communication = communicationOf(connection, event, this.arrival.receivedAt);
    this.add(topics.communications, connection.connectionId, connection.workspaceId, communication);
    this.tell(connection.workspaceId, 'accepted', communication.communicationId, {
      ...eventFacts(event),
      connectionId: connection.connectionId,
      messageSid: communication.sid,
    });
  }

  private tell(workspaceId: string, status: string, what: string, facts: OutcomeFacts): void {
    const { arrival } = this;
    const outcome: Outcome = outcomeOf({
      ...facts,
      what,
      workspaceId,
      step: 'accept',
      status,
      service: 'ingress',
      at: arrival.receivedAt,
      traceId: arrival.trace.traceId,
      origin: 'webhook',
      vendor: arrival.vendor,
      webhookIds: [arrival.webhookId],
    });
    this.add(topics.outcomes, workspaceId, workspaceId, outcome);
  }

  private deadLetter(request: WebhookRequest, error: { code: string; message: string }): DeadLetter {
    const { arrival } = this;
    const originTopic = `webhooks.${arrival.vendor}`;
    return {
      deadLetterId: digestOf('dead-letter', originTopic, arrival.webhookId),
      service: 'ingress',
      originTopic,
      originPartition: -1,
      originOffset: -1,
      originTimestamp: arrival.receivedAt,
      key: Buffer.from(arrival.webhookId),
      value: request.rawBody,
      headers: keptHeaders(request).map(([key, value]) => ({ key, value: Buffer.from(value) })),
      errorCode: error.code,
      errorMessage: error.message,
      attempts: 1,
      at: arrival.receivedAt,
    };
  }

  private add<T>(topic: Topic<T>, key: string, workspaceId: string, value: T): void {
    this.records.push({ topic, key, value, headers: this.headers(workspaceId) });
  }

  /** The same object while the workspace is the same: the producer encodes it once. */
  private headers(workspaceId: string): Headers {
    if (this.headersOf?.workspaceId !== workspaceId) {
      const headers = {
        [headerNames.traceparent]: this.arrival.trace.traceparent,
        [headerNames.origin]: 'webhook',
        [headerNames.workspace]: workspaceId,
      };
      this.headersOf = { workspaceId, headers };
    }
    return this.headersOf.headers;
  }
}

/** What the outcome of a skipped event is about; the id that its record would have had. */
function eventId(connection: Connection, event: WebhookEvent): string {
  if (event.kind === 'change') return noticeIdOf(connection, event);
  if (event.kind === 'delivery') return deliveryReportOf(connection, event, 0).reportId;
  return communicationOf(connection, event, 0).communicationId;
}

function eventFacts(event: WebhookEvent): Pick<Outcome, 'entityType' | 'entityId'> {
  if (event.kind === 'change') return { entityType: event.entityType, entityId: event.entityId };
  if (event.kind === 'delivery') return { entityType: 'message', entityId: event.messageSid };
  return { entityType: event.communicationKind, entityId: event.sid };
}

/**
 * What is needed to hand the body to ingress again: where it was sent, what it said it was, and its signature (a digest, of
 * no use for anything else). Everything else a client may put into headers is left out.
 */
function keptHeaders(request: WebhookRequest): [string, string][] {
  const kept = Object.entries(request.headers).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && (entry[0] === 'content-type' || /signature|hmac/.test(entry[0])),
  );
  return [[':method', request.method], [':url', request.publicUrl], ...kept];
}
