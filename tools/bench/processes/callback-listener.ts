import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 20;
const DELIVERED = 'MessageStatus=delivered';

/**
 * Takes Twilio's status callbacks for the bare loop: answers each at once, and keeps only how many messages have arrived.
 * https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
 */
export class CallbackListener {
  private delivered_ = 0;
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      readText(request, (text) => {
        if (text.includes(DELIVERED)) this.delivered_ += 1;
        response.writeHead(204).end();
      });
    });
  }

  /** Listens on a free port of 127.0.0.1 as long as the process lives. */
  static async start(): Promise<CallbackListener> {
    const listener = new CallbackListener();
    await new Promise<void>((resolve) => {
      listener.server.listen(0, '127.0.0.1', resolve);
    });
    return listener;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/status`;
  }

  /** How many messages have been told to be delivered since the start. */
  get delivered(): number {
    return this.delivered_;
  }

  /** @throws Error when so many are not told to be delivered within the time. */
  async untilDelivered(count: number, withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (this.delivered < count) {
      if (performance.now() > deadline)
        throw new Error(
          `${count - this.delivered} messages of the bare loop were never told to be delivered`,
        );
      await delay(LOOK_EVERY_MS);
    }
  }
}

function readText(request: IncomingMessage, done: (text: string) => void): void {
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    text += chunk;
  });
  request.on('end', () => done(text));
}
