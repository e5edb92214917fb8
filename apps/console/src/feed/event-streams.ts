import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '#libs/core';
import type { OutcomeRow } from '#libs/persistence';
import { outcomeView } from '../api/outcome-view.js';
import type { FeedSource, LiveFeed } from './live-feed.js';

/** What the streams are made of. */
export interface EventStreamsParts {
  readonly feed: LiveFeed;
  readonly source: FeedSource;
  readonly clock: Clock;
}

const MAX_STREAMS = 200;
const HEARTBEAT_MS = 15_000;
const MAX_MISSED = 1_000;

/** A reader that is so far behind is let go; its browser comes back with Last-Event-ID and gets what it missed. */
const MAX_BUFFERED_BYTES = 1_048_576;

/** Server-sent events (WHATWG HTML, "Server-sent events") of the live feed. */
export class EventStreams {
  private readonly open_ = new Set<ServerResponse>();

  constructor(private readonly parts: EventStreamsParts) {}

  /** Takes the connection over and writes events to it until either side ends it. */
  async open(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (this.open_.size >= MAX_STREAMS) {
      await reply.code(503).header('retry-after', '30').send({ message: 'Too many live feeds are open.' });
      return;
    }
    const missedFrom = readUpTo(request);
    const pending: OutcomeRow[] = [];
    let deliver = (rows: readonly OutcomeRow[]): void => void pending.push(...rows);
    // Before the reader learns that it is connected: whatever happens after that must reach it.
    const stopListening = await this.parts.feed.listen((rows) => deliver(rows));
    const missed =
      missedFrom === undefined ? [] : await this.parts.source.after(missedFrom, MAX_MISSED).catch(() => []);
    if (reply.raw.destroyed) {
      stopListening();
      return;
    }
    const response = this.takeOver(reply);
    const stopHeartbeat = this.beat(response);
    response.on('close', () => {
      this.open_.delete(response);
      stopListening();
      stopHeartbeat();
    });
    const known = new Set(missed.map((row) => row.position));
    deliver = (rows) =>
      send(
        response,
        rows.filter((row) => !known.has(row.position)),
      );
    send(response, missed);
    deliver(pending);
  }

  /** Ends every stream, for a shutdown; browsers come back by themselves. */
  close(): void {
    for (const response of this.open_) response.end();
  }

  private takeOver(reply: FastifyReply): ServerResponse {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Proxies (nginx) must not gather events.
      'x-accel-buffering': 'no',
    });
    raw.write('retry: 2000\n\n');
    this.open_.add(raw);
    return raw;
  }

  /** A comment now and then, so that neither side takes the connection for dead. */
  private beat(response: ServerResponse): () => void {
    let cancel = (): void => undefined;
    const again = (): void => {
      response.write(': still here\n\n');
      cancel = this.parts.clock.after(HEARTBEAT_MS, again);
    };
    cancel = this.parts.clock.after(HEARTBEAT_MS, again);
    return () => cancel();
  }
}

function send(response: ServerResponse, rows: readonly OutcomeRow[]): void {
  if (rows.length === 0 || response.destroyed) return;
  const text = rows
    .map((row) => `id: ${row.position}\nevent: outcome\ndata: ${JSON.stringify(outcomeView(row))}\n\n`)
    .join('');
  if (!response.write(text) && response.writableLength > MAX_BUFFERED_BYTES) response.destroy();
}

/** A reader that comes back says how far it was; one that comes from a page says what the page had. */
function readUpTo(request: FastifyRequest): number | undefined {
  const header = request.headers['last-event-id'];
  const after = new URLSearchParams(request.url.split('?')[1] ?? '').get('after');
  const given = typeof header === 'string' && header !== '' ? header : after;
  return given !== null && /^\d{1,15}$/.test(given) ? Number(given) : undefined;
}
