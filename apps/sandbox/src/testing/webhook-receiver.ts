import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came over the wire. */
export interface ReceivedRequest {
  readonly method: string;
  /** The whole URL that was called. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** How a receiver answers; never answering is possible, too. */
export type Answer = (request: ReceivedRequest, response: ServerResponse, index: number) => void;

/** Answers 200 without a body, as Xero wants it. */
export const answerOk: Answer = (_request, response) => void response.writeHead(200).end();

/** A customer's endpoint on a free port: keeps every request and answers as told. */
export class WebhookReceiver {
  readonly requests: ReceivedRequest[] = [];
  private readonly waiting = new Set<() => void>();

  private constructor(
    private readonly server: Server,
    public answer: Answer,
  ) {}

  static async start(answer: Answer = answerOk): Promise<WebhookReceiver> {
    const server = createServer();
    const receiver = new WebhookReceiver(server, answer);
    server.on('request', (request, response) => void receiver.receive(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  /** Resolves with the first `count` requests that fit, as soon as there are so many; the test's own time-out ends it. */
  async until(
    count: number,
    fits: (request: ReceivedRequest) => boolean = () => true,
  ): Promise<ReceivedRequest[]> {
    for (;;) {
      const found = this.requests.filter(fits);
      if (found.length >= count) return found;
      await new Promise<void>((resolve) => {
        this.waiting.add(resolve);
      });
    }
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    if (this.server.listening) await once(this.server, 'close');
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const received: ReceivedRequest = {
      method: request.method ?? '',
      url: `${this.url}${request.url ?? ''}`,
      headers: request.headers as Record<string, string | undefined>,
      body: Buffer.concat(chunks).toString(),
    };
    this.requests.push(received);
    this.answer(received, response, this.requests.length - 1);
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }
}

/** Asks `check` again until it gives something; the test's own time-out ends it. */
export async function eventually<T>(check: () => Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const found = await check();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
