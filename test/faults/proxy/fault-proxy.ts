import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Conversation, type Piece, type Protocol, rawBytes, type SeenRequest } from './protocol.ts';

/** What happens to a request or its answer when a {@link RequestFault} strikes. */
export type RequestAction =
  /** The server gets the request; the connection is reset before a byte of the answer. */
  | { readonly kind: 'reset-after-request' }
  /** The server gets the request, the client never an answer; the connection stays open. */
  | { readonly kind: 'swallow-answer' }
  /** The answer comes `holdMs` late, if the client still listens. */
  | { readonly kind: 'hold-answer'; readonly holdMs: number }
  /** The server gets the request `holdMs` late, also when the client has hung up meanwhile. */
  | { readonly kind: 'hold-request'; readonly holdMs: number }
  /** The client's connection is reset at once, and the server gets the request `holdMs` later all the same. */
  | { readonly kind: 'reset-and-deliver-late'; readonly holdMs: number };

/** A fault that strikes single requests. */
export interface RequestFault {
  readonly on: (request: SeenRequest) => boolean;
  readonly action: RequestAction;
  /** How often; for ever when left out. */
  readonly times?: number;
  /** Told what the server answered to a request that it got late. */
  readonly onLateAnswer?: (request: SeenRequest, answer: Buffer) => void;
}

/** A fault that is armed; tells how often it struck and what the server answered to requests that came late. */
export interface ArmedFault {
  readonly struck: number;
  /** Answers to held requests, as the server gave them although nobody listens any more. */
  readonly lateAnswers: readonly Buffer[];
  disarm(): void;
}

/** What slows all connections. */
export interface Slowness {
  /** Added in each direction. */
  readonly latencyMs?: number;
  /** Of the answers. */
  readonly bytesPerSecond?: number;
}

interface Armed extends RequestFault {
  struck: number;
  lateAnswers: Buffer[];
}

/**
 * A TCP proxy that breaks connections in the ways in which networks do: latency, limited rate, half-open connections, resets, cuts after n
 * bytes or after a request was seen, answers and requests that are held. It stands before one server on the loopback
 * interface; nothing is faulty until asked for.
 */
export class FaultProxy {
  readonly port: number;
  private readonly connections = new Set<ProxiedConnection>();
  private armed: Armed[] = [];
  private mode: 'open' | 'half-open' | 'refusing' = 'open';
  slowness: Slowness = {};
  cutAfterBytes: number | undefined;
  /** Connections ever accepted. */
  accepted = 0;

  private readonly server: Server;
  private readonly targetPort: number;
  private readonly protocol: Protocol;

  private constructor(server: Server, targetPort: number, protocol: Protocol) {
    this.server = server;
    this.targetPort = targetPort;
    this.protocol = protocol;
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    this.port = address.port;
    server.on('connection', (client) => this.accept(client));
  }

  /** Listens on `port` (any free one when 0) and passes everything on to `targetPort`. */
  static async start(options: {
    readonly targetPort: number;
    readonly port?: number;
    readonly protocol?: Protocol;
  }): Promise<FaultProxy> {
    // Half-closed connections are passed on as such.
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port ?? 0, '127.0.0.1', resolve);
    });
    return new FaultProxy(server, options.targetPort, options.protocol ?? rawBytes);
  }

  /** Strikes requests until disarmed or `times` are used up. */
  arm(fault: RequestFault): ArmedFault {
    const armed: Armed = { ...fault, struck: 0, lateAnswers: [] };
    this.armed.push(armed);
    return Object.assign(armed, {
      disarm: () => {
        this.armed = this.armed.filter((other) => other !== armed);
      },
    });
  }

  /** Nothing passes any more in either direction, new connections are accepted, and nobody is told. */
  halfOpen(): void {
    this.mode = 'half-open';
  }

  /** The connections that are open now are dead from here on, and nobody is told; new ones work. Returns how many died. */
  deafen(): number {
    for (const connection of this.connections) connection.isDeaf = true;
    return this.connections.size;
  }

  /** New connections are reset at once; those that are there live on. */
  refuse(): void {
    this.mode = 'refusing';
  }

  /** Resets every connection that is open; returns how many there were. */
  resetAll(): number {
    const { size } = this.connections;
    for (const connection of this.connections) connection.reset();
    return size;
  }

  /** No fault any more. What was stopped half-open is reset, since its bytes are lost. */
  heal(): void {
    const wasDeaf = this.mode === 'half-open';
    this.mode = 'open';
    this.armed = [];
    this.slowness = {};
    this.cutAfterBytes = undefined;
    if (wasDeaf) this.resetAll();
  }

  async close(): Promise<void> {
    this.resetAll();
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
  }

  /** @internal */
  get isDeaf(): boolean {
    return this.mode === 'half-open';
  }

  /** @internal The first armed fault that wants this request; counts it. */
  strike(request: SeenRequest): Armed | undefined {
    const fault = this.armed.find(
      ({ on, times, struck }) => (times === undefined || struck < times) && on(request),
    );
    if (fault) fault.struck += 1;
    return fault;
  }

  private accept(client: Socket): void {
    this.accepted += 1;
    if (this.mode === 'refusing') {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const connection = new ProxiedConnection(this, client, this.targetPort, this.protocol());
    this.connections.add(connection);
    connection.ended(() => this.connections.delete(connection));
  }
}

/** One client, one connection to the server. */
class ProxiedConnection {
  private readonly server: Socket;
  private readonly struck = new Map<number, Armed>();
  private toServer: Promise<void> = Promise.resolve();
  private toClient: Promise<void> = Promise.resolve();
  private answered = 0;
  /** Nothing passes any more. */
  isDeaf = false;
  /** Requests that are still on their way although the client may be gone. */
  private held = 0;

  private readonly proxy: FaultProxy;
  private readonly client: Socket;
  private readonly conversation: Conversation;

  constructor(proxy: FaultProxy, client: Socket, targetPort: number, conversation: Conversation) {
    this.proxy = proxy;
    this.client = client;
    this.conversation = conversation;
    this.server = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    client.setNoDelay(true);
    client.on('error', () => this.clientGone());
    client.on('close', () => this.clientGone());
    this.server.on('error', () => this.reset());
    client.on('data', (chunk) => this.onRequests(chunk));
    this.server.on('data', (chunk) => this.onAnswers(chunk));
    client.on('end', () => this.queue('toServer', () => void (this.held === 0 && this.server.end())));
    this.server.on('end', () => this.queue('toClient', () => void this.client.end()));
    this.server.on('close', () => this.queue('toClient', () => void this.client.destroy()));
  }

  ended(listener: () => void): void {
    let open = 2;
    for (const socket of [this.client, this.server])
      socket.once('close', () => {
        open -= 1;
        if (open === 0) listener();
      });
  }

  reset(): void {
    this.client.resetAndDestroy();
    this.server.resetAndDestroy();
  }

  private clientGone(): void {
    if (this.held === 0) this.server.destroy();
  }

  private onRequests(chunk: Buffer): void {
    if (this.proxy.isDeaf || this.isDeaf) return;
    for (const piece of this.conversation.requests(chunk)) {
      const fault = piece.request && this.proxy.strike(piece.request);
      if (fault && piece.request) this.struck.set(piece.request.id, fault);
      const { action } = fault ?? {};
      if (action?.kind === 'hold-request') this.holdRequest(piece, action.holdMs);
      else if (action?.kind === 'reset-and-deliver-late') {
        this.holdRequest(piece, action.holdMs);
        this.client.resetAndDestroy();
      } else this.pass('toServer', this.server, piece.bytes, undefined);
    }
  }

  private onAnswers(chunk: Buffer): void {
    if (this.proxy.isDeaf || this.isDeaf) return;
    for (const { bytes, request } of this.conversation.answers(chunk)) {
      const fault = request && this.struck.get(request.id);
      if (fault && request) this.answerStruck(fault, request, bytes);
      else this.pass('toClient', this.client, bytes, this.proxy.slowness.bytesPerSecond);
    }
  }

  private answerStruck(fault: Armed, request: SeenRequest, bytes: Buffer): void {
    const { action } = fault;
    if (action.kind === 'reset-after-request') this.reset();
    else if (action.kind === 'hold-request' || action.kind === 'reset-and-deliver-late') {
      fault.lateAnswers.push(bytes);
      fault.onLateAnswer?.(request, bytes);
      this.pass('toClient', this.client, bytes, undefined);
    } else if (action.kind === 'hold-answer') {
      this.queue('toClient', () => delay(action.holdMs));
      this.pass('toClient', this.client, bytes, undefined);
    }
  }

  private holdRequest({ bytes }: Piece, holdMs: number): void {
    this.held += 1;
    this.queue('toServer', async () => {
      await delay(holdMs);
      if (!this.server.destroyed) this.server.write(bytes);
      // Long enough for the answer, which is kept for whoever asks what became of it.
      await delay(1_000);
      this.held -= 1;
      if (this.client.destroyed) this.server.destroy();
    });
  }

  private pass(
    direction: 'toServer' | 'toClient',
    target: Socket,
    bytes: Buffer,
    bytesPerSecond: number | undefined,
  ): void {
    const { latencyMs = 0 } = this.proxy.slowness;
    if (direction === 'toClient' && this.cuts(bytes)) return;
    this.queue(direction, async () => {
      if (latencyMs > 0) await delay(latencyMs);
      if (bytesPerSecond === undefined) await write(target, bytes);
      else await this.trickle(target, bytes, bytesPerSecond);
    });
  }

  /** Resets the connection when this answer would pass the limit; its beginning still arrives. */
  private cuts(bytes: Buffer): boolean {
    const limit = this.proxy.cutAfterBytes;
    this.answered += bytes.length;
    if (limit === undefined || this.answered <= limit) return false;
    const beginning = bytes.subarray(0, Math.max(0, bytes.length - (this.answered - limit)));
    this.queue('toClient', async () => {
      await write(this.client, beginning);
      this.reset();
    });
    return true;
  }

  private async trickle(target: Socket, bytes: Buffer, bytesPerSecond: number): Promise<void> {
    const tick = Math.max(1, Math.floor(bytesPerSecond / 20));
    for (let at = 0; at < bytes.length && !target.destroyed; at += tick) {
      await write(target, bytes.subarray(at, at + tick));
      await delay((1_000 * Math.min(tick, bytes.length - at)) / bytesPerSecond);
    }
  }

  /** After everything before it in this direction. */
  private queue(direction: 'toServer' | 'toClient', work: () => Promise<void> | void): void {
    this[direction] = this[direction].then(work);
  }
}

/** Resolves when the bytes are handed over, or the socket is gone. */
function write(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed || socket.writableEnded) resolve();
    else socket.write(bytes, () => resolve());
  });
}
