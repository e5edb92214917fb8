import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { FaultPlan, FaultSpec } from './fault-plan.js';

/** What a double says about itself so that faults fit it. */
export interface FaultableVendor {
  readonly vendor: string;
  /** The account that the request is for, when it can be told. */
  connectionOf(request: FastifyRequest): string | undefined;
  /** The error body that the vendor itself would send with this status. */
  errorBody(status: number): { readonly contentType: string; readonly body: string };
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The fault that strikes after the request was applied. */
    sandboxFault: FaultSpec | null;
  }
}

/**
 * Puts the armed faults on the way of every request of one vendor. "Before" strikes when the whole request has been
 * read and nothing applied; "after" strikes when the answer is ready, so its effect is real and stands in the ledger.
 */
export function addFaultHooks(server: FastifyInstance, plan: FaultPlan, vendor: FaultableVendor): void {
  server.addHook('preHandler', (request, reply, done) => {
    if (!plan.active) {
      done();
      return;
    }
    const { latencyMs, fault } = plan.strike({
      vendor: vendor.vendor,
      method: request.method,
      path: pathOf(request.url),
      url: request.url,
      connection: vendor.connectionOf(request),
    });
    const go = (): void => {
      if (fault && fault.when === 'before' && !spoilsBody(fault)) strikeBefore(fault, vendor, reply);
      else {
        request.sandboxFault = fault ?? null;
        done();
      }
    };
    if (latencyMs > 0) setTimeout(go, latencyMs);
    else go();
  });
  server.addHook('onSend', (request, reply, payload, done) => {
    const fault = request.sandboxFault;
    if (!fault) {
      done(null, payload);
      return;
    }
    strikeAfter(fault, vendor, reply, payload, done);
  });
}

/** The path of a request target, without its query. */
export function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

/** Kinds that let the request through and spoil its answer, whatever `when` says. */
const SPOILING = new Set<FaultSpec['kind']>(['slow-body', 'endless-body', 'cut-body', 'gzip-bomb']);

function spoilsBody(fault: FaultSpec): boolean {
  return SPOILING.has(fault.kind);
}

function strikeBefore(fault: FaultSpec, vendor: FaultableVendor, reply: FastifyReply): void {
  if (fault.kind === 'reset') reply.raw.socket?.resetAndDestroy();
  else if (fault.kind === 'status') {
    const { contentType, body } = errorOf(fault, vendor);
    void reply
      .code(fault.status ?? 500)
      .headers({ 'content-type': contentType, ...fault.headers })
      .send(body);
  }
  // A time-out answers never: the caller must give up.
}

function strikeAfter(
  fault: FaultSpec,
  vendor: FaultableVendor,
  reply: FastifyReply,
  payload: unknown,
  done: (error: null, payload: unknown) => void,
): void {
  if (fault.kind === 'reset') {
    reply.raw.socket?.resetAndDestroy();
    return;
  }
  if (fault.kind === 'timeout') return;
  if (fault.kind === 'status') {
    const { contentType, body } = errorOf(fault, vendor);
    void reply
      .code(fault.status ?? 500)
      .removeHeader('content-length')
      .headers({ 'content-type': contentType, ...fault.headers });
    done(null, body);
    return;
  }
  const text = typeof payload === 'string' ? payload : '';
  reply.removeHeader('content-length');
  if (fault.kind === 'slow-body') done(null, Readable.from(trickle(text, fault.bytesPerSecond)));
  else if (fault.kind === 'endless-body') done(null, Readable.from(endless(text)));
  else if (fault.kind === 'gzip-bomb') {
    void reply.header('content-encoding', 'gzip');
    done(null, (gzipBomb ??= gzipSync(Buffer.alloc(BOMB_BYTES))));
  } else cutBody(reply, text);
}

/** What a gzip bomb unpacks to; packed it is about a thousandth. */
const BOMB_BYTES = 100 * 1024 * 1024;
let gzipBomb: Buffer | undefined;

function errorOf(fault: FaultSpec, vendor: FaultableVendor): { contentType: string; body: string } {
  const own = vendor.errorBody(fault.status ?? 500);
  return { contentType: own.contentType, body: fault.body ?? own.body };
}

/** Announces the whole body, sends half of it and resets. */
function cutBody(reply: FastifyReply, text: string): void {
  const { raw } = reply;
  raw.writeHead(reply.statusCode, {
    'content-type': String(reply.getHeader('content-type') ?? 'text/plain'),
    'content-length': Buffer.byteLength(text),
  });
  raw.write(text.slice(0, Math.floor(text.length / 2)), () => raw.socket?.resetAndDestroy());
}

async function* trickle(text: string, bytesPerSecond: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  // At most fifty pieces a second, so that a fast trickle costs no more timers than a slow one.
  const step = Math.max(Math.ceil(bytesPerSecond / 50), 1);
  for (let sent = 0; sent < bytes.length; sent += step) {
    await wait((1000 * step) / bytesPerSecond);
    yield bytes.subarray(sent, sent + step);
  }
}

async function* endless(text: string): AsyncGenerator<string> {
  const filler = ' '.repeat(64 * 1024);
  yield text;
  for (;;) {
    await wait(1);
    yield filler;
  }
}
