import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A request as the double got it. */
export interface SeenRequest {
  /** E.g. `GET /api/parked?limit=5`. */
  readonly line: string;
  readonly body: unknown;
  readonly headers: IncomingMessage['headers'];
}

/** What it answers: a body as JSON, with another status than 200 where it says so, or whatever a function writes. */
export type Answer =
  | { readonly status?: number; readonly body: unknown }
  | ((response: ServerResponse, request: SeenRequest) => void);

/** A service that answers as a test says, by `METHOD /path`; a list is answered one after the other, the last one again. */
export class ServiceDouble {
  readonly seen: SeenRequest[] = [];

  private constructor(
    readonly url: string,
    private readonly answers: Readonly<Record<string, Answer | Answer[]>>,
  ) {}

  static async start(answers: Readonly<Record<string, Answer | Answer[]>>): Promise<ServiceDouble> {
    const server = createServer((request, response) => void double.answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const double = new ServiceDouble(`http://127.0.0.1:${port}`, answers);
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return double;
  }

  /** The bodies that were sent to a `METHOD /path`. */
  sentTo(route: string): unknown[] {
    return this.seen.filter(({ line }) => line.split('?')[0] === route).map(({ body }) => body);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const portions: Buffer[] = [];
    for await (const portion of request) portions.push(portion as Buffer);
    const text = Buffer.concat(portions).toString();
    const line = `${request.method ?? ''} ${request.url ?? ''}`;
    const seen = { line, body: text === '' ? undefined : JSON.parse(text), headers: request.headers };
    this.seen.push(seen);
    const answer = this.next(line.split('?')[0] ?? '');
    if (typeof answer === 'function') return answer(response, seen);
    const { status = 200, body } = answer;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  private next(route: string): Answer {
    const answers = [this.answers[route] ?? []].flat();
    const count = this.seen.filter(({ line }) => line.split('?')[0] === route).length;
    return answers[Math.min(count, answers.length) - 1] ?? { status: 404, body: { message: `no ${route}` } };
  }
}
