import { randomFillSync } from 'node:crypto';

/** Where a piece of work stands in a trace (https://www.w3.org/TR/trace-context-2/). */
export interface TraceContext {
  /** 32 lower-case hexadecimal digits, not all zero. */
  readonly traceId: string;
  /** The span that does the work: 16 lower-case hexadecimal digits, not all zero. */
  readonly spanId: string;
  /** Bit 0: sampled; bit 1: the trace id is random. Other bits are not ours to pass on. */
  readonly flags: number;
  /** Other systems' `tracestate`, passed on as it came; undefined when there was none or it was malformed. */
  readonly traceState: string | undefined;
}

/** Headers as HTTP (`IncomingHttpHeaders`) or Kafka (`IHeaders`) hand them over; names in lower case. */
export type HeaderBag = Readonly<Record<string, string | Buffer | readonly (string | Buffer)[] | undefined>>;

const SAMPLED = 0x01;
const RANDOM = 0x02;
const KNOWN_FLAGS = SAMPLED | RANDOM;

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);

const MAX_STATE_CHARACTERS = 512;
const MAX_STATE_MEMBERS = 32;
const STATE_MEMBER =
  /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * Reads a `traceparent` (section 3.2 of the recommendation) and its `tracestate`. Undefined for anything malformed, for
 * version ff and for all-zero ids: the caller then starts a new trace. A version above 00 is read as far as 00 reaches.
 */
export function parseTraceparent(traceparent: string, tracestate?: string): TraceContext | undefined {
  const match = TRACEPARENT.exec(traceparent);
  if (!match) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', more] = match;
  if (version === 'ff' || traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  if (version === '00' && more !== undefined) return undefined;
  return {
    traceId,
    spanId,
    flags: Number.parseInt(flags, 16) & KNOWN_FLAGS,
    traceState: tracestate === undefined ? undefined : validState(tracestate),
  };
}

/** The `traceparent` header of a context, always version 00. */
export function formatTraceparent(context: TraceContext): string {
  return `00-${context.traceId}-${context.spanId}-${context.flags.toString(16).padStart(2, '0')}`;
}

/** A new trace, sampled. */
export function startTrace(): TraceContext {
  return { traceId: randomHex(16), spanId: randomHex(8), flags: SAMPLED | RANDOM, traceState: undefined };
}

/** The next span of the same trace; its parent is the context's span. */
export function childOf(parent: TraceContext): TraceContext {
  return { ...parent, spanId: randomHex(8) };
}

/** The context that headers carry, or undefined. A header that came twice is malformed, as the recommendation has it. */
export function traceFromHeaders(headers: HeaderBag): TraceContext | undefined {
  const traceparent = single(headers['traceparent']);
  return traceparent === undefined ? undefined : parseTraceparent(traceparent, joined(headers['tracestate']));
}

/** The headers that carry a context on, for HTTP requests and Kafka records. */
export function traceHeaders(context: TraceContext): Record<string, string> {
  const traceparent = formatTraceparent(context);
  return context.traceState === undefined ? { traceparent } : { traceparent, tracestate: context.traceState };
}

function single(value: HeaderBag[string]): string | undefined {
  if (Array.isArray(value)) return value.length === 1 ? single(value[0] as string | Buffer) : undefined;
  return value?.toString();
}

/** Several tracestate headers are one list, in their order. */
function joined(value: HeaderBag[string]): string | undefined {
  return Array.isArray(value) ? value.map(String).join(',') : value?.toString();
}

function validState(state: string): string | undefined {
  const members = state
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
  const keys = new Set(members.map((member) => member.slice(0, member.indexOf('='))));
  const valid =
    members.length > 0 &&
    members.length <= MAX_STATE_MEMBERS &&
    keys.size === members.length &&
    members.every((member) => STATE_MEMBER.test(member));
  const clean = members.join(',');
  return valid && clean.length <= MAX_STATE_CHARACTERS ? clean : undefined;
}

/** Random bytes are drawn in bulk: one draw an id would cost more than everything else here. */
const pool = Buffer.alloc(4_096);
let used = pool.length;

function randomHex(bytes: 8 | 16): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const hex = pool.toString('hex', used, used + bytes);
  used += bytes;
  // All zero is the one value that the recommendation forbids.
  return /^0+$/.test(hex) ? randomHex(bytes) : hex;
}
