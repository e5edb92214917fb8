import { connect, type Socket } from 'node:net';

/*
 * Just enough of the Kafka protocol to ask a broker whether it can serve, without a client library:
 * https://kafka.apache.org/protocol (request header v1; Metadata v1; FindCoordinator v1).
 */
const METADATA = 3;
const FIND_COORDINATOR = 10;
const COORDINATOR_KINDS = { group: 0, transaction: 1 };
const ANSWER_TIMEOUT_MS = 2_000;

/**
 * True when the broker serves: the controller is elected, at least one broker is unfenced, and the coordinators of
 * consumer groups and of transactions answer. Asking for a coordinator makes the broker create its internal topics, so
 * that the first client does not have to wait for that. False on any failure: ask again.
 */
export async function probeKafka(host: string, port: number): Promise<boolean> {
  let socket: Socket | undefined;
  try {
    socket = await open(host, port);
    if (!(await hasController(socket))) return false;
    for (const kind of Object.values(COORDINATOR_KINDS)) {
      if (!(await hasCoordinator(socket, kind))) return false;
    }
    return true;
  } catch {
    return false;
  } finally {
    socket?.destroy();
  }
}

async function hasController(socket: Socket): Promise<boolean> {
  const noTopics = int32(0);
  const answer = await ask(socket, METADATA, noTopics);
  const brokerCount = answer.readInt32BE(0);
  let offset = 4;
  for (let i = 0; i < brokerCount; i += 1) {
    offset += 4;
    offset += 2 + answer.readInt16BE(offset);
    offset += 4;
    offset += 2 + Math.max(0, answer.readInt16BE(offset));
  }
  const controllerId = answer.readInt32BE(offset);
  return brokerCount > 0 && controllerId >= 0;
}

async function hasCoordinator(socket: Socket, kind: number): Promise<boolean> {
  const answer = await ask(
    socket,
    FIND_COORDINATOR,
    Buffer.concat([string('readiness-probe'), Buffer.from([kind])]),
  );
  const errorCode = answer.readInt16BE(4);
  return errorCode === 0;
}

function open(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host);
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error('no answer')));
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Sends one request (all of the calls here are version 1) and gives the body of its answer. */
function ask(socket: Socket, apiKey: number, body: Buffer): Promise<Buffer> {
  const header = Buffer.concat([int16(apiKey), int16(1), int32(apiKey), string('ledgerwire')]);
  socket.write(Buffer.concat([int32(header.length + body.length), header, body]));
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 4 || received.length < 4 + received.readInt32BE(0)) return;
      socket.off('data', onData);
      socket.off('close', onClose);
      const sizeAndCorrelationId = 8;
      resolve(received.subarray(sizeAndCorrelationId));
    };
    const onClose = (): void => reject(new Error('the broker closed the connection'));
    socket.on('data', onData);
    socket.once('close', onClose);
  });
}

function int16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeInt16BE(value);
  return buffer;
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
}

function string(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([int16(bytes.length), bytes]);
}
