/** A request as the proxy saw it pass. */
export interface SeenRequest {
  /** HTTP: `POST /path?query`. Kafka: the number of the API as text, e.g. `26` for EndTxn. */
  readonly name: string;
  /** Finds its answer again among those of one connection. */
  readonly id: number;
  /** The piece with which it began: all of it for Kafka. */
  readonly bytes: Buffer;
}

/** A piece of one direction of a connection; pieces put together are the bytes as they came. */
export interface Piece {
  readonly bytes: Buffer;
  /** Present on a piece with which a request begins (requests) or that belongs to its answer (answers). */
  readonly request?: SeenRequest;
}

/** Cuts the bytes of one connection into pieces that know which request they belong to. */
export interface Conversation {
  requests(chunk: Buffer): Piece[];
  answers(chunk: Buffer): Piece[];
}

/** How a proxy reads what passes through it. */
export type Protocol = () => Conversation;

/** Pieces as they arrive, without any meaning: PostgreSQL and everything that is only cut, slowed or stopped. */
export const rawBytes: Protocol = () => ({
  requests: (bytes) => [{ bytes }],
  answers: (bytes) => [{ bytes }],
});

const REQUEST_LINE = /^([A-Z]{3,7}) (\S+) HTTP\/1\.[01]\r\n/;

/**
 * HTTP/1.1 without pipelining, as undici and fetch speak it: a request begins with a chunk of its own, and what the server says until
 * the next one is its answer.
 */
export const http: Protocol = () => {
  let current: SeenRequest | undefined;
  let count = 0;
  return {
    requests(bytes) {
      const [, method, target] = REQUEST_LINE.exec(bytes.subarray(0, 4_096).toString('latin1')) ?? [];
      if (method === undefined) return [{ bytes }];
      count += 1;
      current = { name: `${method} ${target ?? ''}`, id: count, bytes };
      return [{ bytes, request: current }];
    },
    answers: (bytes) => [current === undefined ? { bytes } : { bytes, request: current }],
  };
};

/** Numbers of Kafka's APIs that faults aim at (https://kafka.apache.org/protocol#protocol_api_keys). */
export const kafkaApi = {
  produce: '0',
  fetch: '1',
  metadata: '3',
  heartbeat: '12',
  initProducerId: '22',
  addPartitionsToTxn: '24',
  addOffsetsToTxn: '25',
  endTxn: '26',
  txnOffsetCommit: '28',
} as const;

/** Kafka: every request and answer has its length in front and a correlation id that the answer repeats. */
export const kafka: Protocol = () => {
  const under = new Map<number, SeenRequest>();
  const requests = frames();
  const answers = frames();
  return {
    requests: (chunk) =>
      requests(chunk).map((bytes) => {
        if (bytes.length < 12) return { bytes };
        const request = { name: String(bytes.readInt16BE(4)), id: bytes.readInt32BE(8), bytes };
        under.set(request.id, request);
        return { bytes, request };
      }),
    answers: (chunk) =>
      answers(chunk).map((bytes) => {
        const request = bytes.length < 8 ? undefined : under.get(bytes.readInt32BE(4));
        if (request === undefined) return { bytes };
        under.delete(request.id);
        return { bytes, request };
      }),
  };
};

/** The transactional id with which the body of InitProducerId, AddPartitionsToTxn and EndTxn begins, in the versions that kafkajs speaks. */
export function transactionalIdOf({ bytes }: SeenRequest): string {
  const clientIdLength = Math.max(bytes.readInt16BE(12), 0);
  const at = 14 + clientIdLength;
  const length = Math.max(bytes.readInt16BE(at), 0);
  return bytes.toString('utf8', at + 2, at + 2 + length);
}

/** Gathers bytes until a whole length-prefixed frame is there. */
function frames(): (chunk: Buffer) => Buffer[] {
  let parts: Buffer[] = [];
  let length = 0;
  return (chunk) => {
    parts.push(chunk);
    length += chunk.length;
    const whole: Buffer[] = [];
    for (;;) {
      if (length < 4) return whole;
      if ((parts[0]?.length ?? 0) < 4) parts = [Buffer.concat(parts)];
      const size = 4 + (parts[0]?.readInt32BE(0) ?? 0);
      if (length < size) return whole;
      const all = parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts);
      whole.push(all.subarray(0, size));
      parts = [all.subarray(size)];
      length -= size;
    }
  };
}
