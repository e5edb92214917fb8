import { connect, type Socket } from 'node:net';

const END_OF_HEAD = '\r\n\r\n';

/**
 * A keep-alive connection that writes requests made beforehand, one at a time, and reads no more of an answer than it must:
 * a client that would take a core itself could not tell how fast a server is.
 */
export class RawConnection {
  private waiting: { resolve: (status: number) => void; reject: (error: Error) => void } | undefined;
  private received = '';
  private readonly socket: Socket;
  private isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => {
      this.isClosed = true;
      this.fail(new Error('the server closed the connection'));
    });
  }

  /** @throws Error when nobody listens. */
  static open(port: number): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RawConnection(socket)));
    });
  }

  /** Whether the server has ended it, as servers do with connections on which nothing comes. */
  get closed(): boolean {
    return this.isClosed;
  }

  /**
   * Writes a whole request; resolves with the status of its answer. One request at a time.
   * @throws Error when the connection is or gets closed.
   */
  request(bytes: Buffer): Promise<number> {
    // A destroyed socket says nothing to a write: nobody would ever answer.
    if (this.isClosed) return Promise.reject(new Error('the server has closed the connection'));
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.socket.write(bytes);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    this.received += chunk.toString('latin1');
    const headEnd = this.received.indexOf(END_OF_HEAD);
    if (headEnd < 0) return;
    const length = Number(/content-length: *(\d+)/i.exec(this.received)?.[1] ?? 0);
    if (this.received.length < headEnd + END_OF_HEAD.length + length) return;
    // "HTTP/1.1 200 …"
    const status = Number(this.received.slice(9, 12));
    this.received = '';
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.resolve(status);
  }

  private fail(error: Error): void {
    this.waiting?.reject(error);
    this.waiting = undefined;
  }
}

/** What came of a number of requests. */
export interface LoadResult {
  readonly accepted: number;
  /** Answers other than 200, by status. */
  readonly refused: Readonly<Record<string, number>>;
  readonly elapsedMs: number;
}

/**
 * Sends what `next` gives over `connections` connections at once, spread over the ports, each its next request when the answer to the last one is
 * there, until `next` gives nothing more.
 */
export async function sendClosedLoop(
  ports: readonly number[],
  connections: number,
  next: () => Buffer | undefined,
): Promise<LoadResult> {
  const opened = await Promise.all(
    Array.from({ length: connections }, (_, index) => RawConnection.open(ports[index % ports.length] ?? 0)),
  );
  let accepted = 0;
  const refused: Record<string, number> = {};
  const startedAt = performance.now();
  const drive = async (connection: RawConnection): Promise<void> => {
    for (let bytes = next(); bytes !== undefined; bytes = next()) {
      const status = await connection.request(bytes);
      if (status === 200) accepted += 1;
      else refused[status] = (refused[status] ?? 0) + 1;
    }
  };
  try {
    await Promise.all(opened.map(drive));
    return { accepted, refused, elapsedMs: performance.now() - startedAt };
  } finally {
    for (const connection of opened) connection.close();
  }
}
