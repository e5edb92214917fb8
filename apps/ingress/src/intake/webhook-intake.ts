import { type Connection, topics } from '#libs/contracts';
import { type Clock, codeOf, LedgerwireError } from '#libs/core';
import type { LogProducer } from '#libs/streams';
import type {
  ProofReceiver,
  RequeueAnswer,
  WebhookRequest,
  WebhookResponse,
  WebhookVerdict,
} from '#libs/vendor-kit';
import type { IngressMetrics, WebhookResult } from '../ingress.metrics.js';
import { beforeDeadline, leftMs, unavailable } from './answer-deadline.js';
import type { ConnectionDirectory } from './connection-directory.js';
import type { Endpoint, ReceivedRequest } from './endpoint.js';
import { type Refusal, RefusedWebhooks } from './refused-webhooks.js';
import type { TraceIds, TraceStart } from './trace-ids.js';
import type { VerificationKeys } from './verification-keys.js';
import { UNASSIGNED_WORKSPACE, WebhookRecords } from './webhook-records.js';
import { WebhookVerifier } from './webhook-verifier.js';

/** The one line about an accepted webhook. */
export interface AcceptedLine {
  readonly vendor: string;
  readonly route: string;
  readonly webhookId: string;
  readonly traceId: string;
  readonly events: number;
  readonly ignored: number;
  readonly unknown: number;
  readonly durationMs: number;
}

/** Where the intake reports to. */
export interface IntakeLog {
  /** undefined when nobody wants the line, so that it is not even built. */
  readonly accepted: ((line: AcceptedLine) => void) | undefined;
  /** The log or token-broker cannot be reached. May be called for every request; thins out what it writes. */
  unavailable(error: unknown, vendor: string): void;
}

/** What the intake is made of. */
export interface IntakeParts {
  readonly keys: VerificationKeys;
  readonly proofs: ProofReceiver;
  readonly directory: ConnectionDirectory;
  readonly producer: LogProducer;
  readonly traces: TraceIds;
  readonly metrics: IngressMetrics;
  readonly clock: Clock;
  readonly log: IntakeLog;
  /** Bodies that wait for the broker together hold at most so many bytes; more are answered 503 at once. */
  readonly maxPendingBytes: number;
}

type AcceptedVerdict = Extract<WebhookVerdict, { kind: 'accepted' }>;

/** The answer when nothing could be kept: the vendor is to come again. */
export const UNAVAILABLE: WebhookResponse = { status: 503, headers: { 'retry-after': '5' }, body: '' };

const MAX_RECORDS_PER_SEND = 5_000;
/** How long delivery reports wait for company; far below the time in which vendors want an answer. */
const PATIENCE_MS = 50;

/**
 * Takes webhooks in: verify over the raw bytes, find the connections, write to the log, and only then answer 2xx (DESIGN section
 * 1, first promise). Never calls a vendor, the registry or the database.
 */
export class WebhookIntake {
  private readonly verifier: WebhookVerifier;
  private readonly refused: RefusedWebhooks;
  private pendingBytes = 0;

  constructor(private readonly parts: IntakeParts) {
    this.verifier = new WebhookVerifier(parts);
    this.refused = new RefusedWebhooks({
      ...parts,
      failed: (error, vendor) => parts.log.unavailable(error, vendor),
    });
  }

  /** Never rejects; whatever happens inside is answered 503, so that the vendor repeats it. */
  receive(endpoint: Endpoint, request: ReceivedRequest): Promise<WebhookResponse> {
    return this.judge(endpoint, request).catch((error: unknown) => {
      const { metrics, log } = this.parts;
      metrics.count(endpoint.vendor, 'unavailable');
      log.unavailable(error, endpoint.vendor);
      return UNAVAILABLE;
    });
  }

  /**
   * Takes a webhook in again that was set aside, in the trace of then. Nothing is set aside anew: what can still go nowhere stays
   * what it was. undefined when the log or token-broker is away.
   */
  async takeAgain(
    endpoint: Endpoint,
    request: ReceivedRequest,
    trace: TraceStart | undefined,
  ): Promise<RequeueAnswer | undefined> {
    try {
      return await this.judgeAgain(endpoint, request, trace);
    } catch (error) {
      this.parts.log.unavailable(error, endpoint.vendor);
      return undefined;
    }
  }

  private async judgeAgain(
    endpoint: Endpoint,
    request: ReceivedRequest,
    trace: TraceStart | undefined,
  ): Promise<RequeueAnswer> {
    this.requireConnections();
    const connection = this.routeConnection(endpoint, request);
    if (connection === undefined) return left('There is still no connection of the id in its URL.');
    const verdict = await this.verifier.verify(endpoint, request, connection, this.parts.clock.now());
    if (verdict.kind !== 'accepted') return left(problemOf(verdict));
    const arrival = {
      vendor: endpoint.vendor,
      webhookId: verdict.webhookId,
      receivedAt: request.receivedAt,
      trace: trace ?? this.parts.traces.next(),
    };
    const records = new WebhookRecords(arrival, endpoint.notices);
    const unknown = this.gather(endpoint, verdict, connection, records);
    try {
      await this.send(records.records, () => undefined);
    } catch (error) {
      if (worthRepeating(error)) throw error;
      return left(`An event cannot be written (${codeOf(error)}).`);
    }
    const workspaceIds = [...records.workspaceIds];
    if (unknown === 0) return { taken: true, problem: null, workspaceIds };
    return { ...left(unknownAccounts(unknown, verdict)), workspaceIds };
  }

  private async judge(endpoint: Endpoint, request: ReceivedRequest): Promise<WebhookResponse> {
    this.requireConnections();
    const connection = this.routeConnection(endpoint, request);
    if (connection === undefined)
      return this.refuse(endpoint, null, 'unknown-route', endpoint.webhooks.unknownKeyResponse);
    const verdict = await this.verifier.verify(endpoint, request, connection, request.receivedAt);
    switch (verdict.kind) {
      case 'accepted':
        return this.accept(endpoint, request, verdict, connection);
      case 'rejected':
        return this.refuse(endpoint, connection, verdict.reason, verdict.response);
      case 'handshake':
        return this.shakeHands(endpoint, verdict, connection, request.receivedAt);
      default:
        return this.setAside(endpoint, request, verdict, connection);
    }
  }

  /** Hands a handshake's secret to token-broker, which alone keeps secrets and calls vendors. */
  private async shakeHands(
    endpoint: Endpoint,
    { proof, response }: Extract<WebhookVerdict, { kind: 'handshake' }>,
    connection: Connection | null,
    receivedAt: number,
  ): Promise<WebhookResponse> {
    const { vendor, webhooks } = endpoint;
    if (!proof || !connection) return this.answer(vendor, 'handshake', response);
    const { connectionId } = connection;
    const handing = this.parts.proofs.proveSubscription(connectionId, proof);
    const isKept = await beforeDeadline(this.parts.clock, endpoint, receivedAt, handing);
    if (!isKept) return this.answer(vendor, 'unknown-route', webhooks.unknownKeyResponse);
    // What is signed from now on is signed with the new secret.
    this.parts.keys.expire({ vendor, connectionId });
    return this.answer(vendor, 'handshake', response);
  }

  /** The port is open before the table is read: a connection that is not found yet must not be taken for one that nobody has. */
  private requireConnections(): void {
    if (this.parts.directory.complete) return;
    throw new LedgerwireError('the connections are not read yet', {
      code: 'connections-not-read',
      disposition: 'retry',
    });
  }

  /** null: the vendor's routes name no connection. undefined: the route names one that does not exist. */
  private routeConnection(endpoint: Endpoint, request: WebhookRequest): Connection | null | undefined {
    if (endpoint.webhooks.keyScope === 'app') return null;
    return this.parts.directory.byId(endpoint.vendor, request.params['connectionId'] ?? '');
  }

  private async accept(
    endpoint: Endpoint,
    request: ReceivedRequest,
    verdict: AcceptedVerdict,
    routeConnection: Connection | null,
  ): Promise<WebhookResponse> {
    const { vendor } = endpoint;
    const { metrics, traces } = this.parts;
    const { webhookId } = verdict;
    const { receivedAt } = request;
    const trace = traces.next();
    const records = new WebhookRecords({ vendor, webhookId, receivedAt, trace }, endpoint.notices);
    let unknown: number;
    try {
      unknown = this.gather(endpoint, verdict, routeConnection, records);
      if (unknown > 0) {
        const message = unknownAccounts(unknown, verdict);
        records.setAside(request, UNASSIGNED_WORKSPACE, { code: 'unknown-connection', message });
      }
      await this.write(endpoint, request, records);
    } catch (error) {
      if (worthRepeating(error)) throw error;
      // A value that no record can hold: the same body would fail for ever.
      return this.setAside(endpoint, request, unwritable(verdict, error), routeConnection);
    }
    metrics.countEvents(vendor, { events: verdict.events.length, ignored: verdict.ignored, unknown });
    this.parts.log.accepted?.({
      vendor,
      route: request.route.name,
      webhookId,
      traceId: trace.traceId,
      events: verdict.events.length,
      ignored: verdict.ignored.length,
      unknown,
      durationMs: this.parts.clock.now() - receivedAt,
    });
    return this.answer(vendor, unknown > 0 ? 'unknown-connection' : 'accepted', verdict.response);
  }

  /** Makes the records of all events; answers how many belong to no connection. */
  private gather(
    { vendor }: Endpoint,
    { events }: AcceptedVerdict,
    routeConnection: Connection | null,
    records: WebhookRecords,
  ): number {
    let unknown = 0;
    for (const event of events) {
      const connections = routeConnection
        ? [routeConnection]
        : this.parts.directory.ofAccount(vendor, event.accountId);
      let found = false;
      for (const connection of connections) {
        found = true;
        if (connection.status === 'disconnected') records.skip(connection, event);
        else records.accept(connection, event);
      }
      if (!found) unknown += 1;
    }
    return unknown;
  }

  private async setAside(
    endpoint: Endpoint,
    request: ReceivedRequest,
    verdict: Extract<WebhookVerdict, { kind: 'malformed' }>,
    connection: Connection | null,
  ): Promise<WebhookResponse> {
    const { vendor } = endpoint;
    const { webhookId } = verdict;
    const trace = this.parts.traces.next();
    const records = new WebhookRecords(
      { vendor, webhookId, receivedAt: request.receivedAt, trace },
      endpoint.notices,
    );
    const workspaceId = connection?.workspaceId ?? UNASSIGNED_WORKSPACE;
    records.setAside(request, workspaceId, { code: 'malformed-webhook', message: verdict.reason });
    await this.write(endpoint, request, records);
    return this.answer(vendor, 'malformed', verdict.response);
  }

  private async write(
    endpoint: Endpoint,
    { rawBody, receivedAt }: ReceivedRequest,
    { records }: WebhookRecords,
  ): Promise<void> {
    if (records.length === 0) return;
    const size = rawBody.length;
    if (this.pendingBytes + size > this.parts.maxPendingBytes)
      throw unavailable('too-much-pending', 'too many webhooks wait for the broker');
    this.pendingBytes += size;
    try {
      await this.send(records, () => leftMs(this.parts.clock, endpoint, receivedAt));
    } finally {
      this.pendingBytes -= size;
    }
  }

  /**
   * Together, so that they share a request; in portions when there are very many, since the producer refuses what alone would
   * fill it. A portion that went out before another failed comes again with the redelivery, under the same ids. The producer
   * gives up in time for the vendor to hear it from us; what was given up may still happen, and is deduplicated then.
   */
  private async send(records: WebhookRecords['records'], leftMs: () => number | undefined): Promise<void> {
    const patienceMs = records.every(mayWait) ? PATIENCE_MS : 0;
    for (let start = 0; start < records.length; start += MAX_RECORDS_PER_SEND) {
      const portion = records.slice(start, start + MAX_RECORDS_PER_SEND);
      await this.parts.producer.sendAll(portion, { withinMs: leftMs(), patienceMs });
    }
  }

  private refuse(
    { vendor }: Endpoint,
    connection: Connection | null,
    reason: Refusal['reason'],
    response: WebhookResponse,
  ): WebhookResponse {
    this.refused.note({ vendor, connection, reason });
    return this.answer(vendor, reason, response);
  }

  private answer(vendor: string, result: WebhookResult, response: WebhookResponse): WebhookResponse {
    this.parts.metrics.count(vendor, result);
    return response;
  }
}

/** The log or a deadline failed, and not the content: the vendor is to come again. */
function worthRepeating(error: unknown): boolean {
  return error instanceof LedgerwireError && error.disposition !== 'dead-letter';
}

/** Three a message: nobody waits for them, and alone they would be most of the requests to the broker. */
function mayWait({ topic }: WebhookRecords['records'][number]): boolean {
  return topic.name === topics.deliveryReports.name;
}

function left(problem: string): RequeueAnswer {
  return { taken: false, problem, workspaceIds: [] };
}

function problemOf(verdict: Exclude<WebhookVerdict, { kind: 'accepted' }>): string {
  if (verdict.kind === 'malformed') return `It still cannot be read: ${verdict.reason}`;
  if (verdict.kind === 'handshake') return 'It is a handshake; there is nothing to take in.';
  return `None of today's keys has signed it (${verdict.reason}).`;
}

function unknownAccounts(unknown: number, { events }: { readonly events: readonly unknown[] }): string {
  return `${unknown} of ${events.length} events belong to accounts that nobody has connected.`;
}

function unwritable(
  verdict: AcceptedVerdict,
  error: unknown,
): Extract<WebhookVerdict, { kind: 'malformed' }> {
  const { webhookId, response } = verdict;
  return { kind: 'malformed', webhookId, reason: `An event cannot be written (${codeOf(error)}).`, response };
}
