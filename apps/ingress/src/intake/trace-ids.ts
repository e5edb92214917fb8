import { randomFillSync } from 'node:crypto';

/** The beginning of one trace. */
export interface TraceStart {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** W3C `traceparent` header (version 00, sampled). */
  readonly traceparent: string;
}

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
const IDS_PER_FILL = 256;
const ENTRY_BYTES = TRACE_ID_BYTES + SPAN_ID_BYTES;

/**
 * Starts a trace for each webhook. A vendor's own `traceparent` is not continued: it is not ours to trust, and every way of an
 * event begins here. Random bytes are drawn in bulk, since one draw per request would cost more than the signature check.
 */
export class TraceIds {
  private readonly pool = Buffer.alloc(ENTRY_BYTES * IDS_PER_FILL);
  private used = this.pool.length;

  /** @param fill fills the buffer with random bytes; replaced in tests */
  constructor(private readonly fill: (buffer: Buffer) => void = (buffer) => void randomFillSync(buffer)) {}

  next(): TraceStart {
    if (this.used === this.pool.length) {
      this.fill(this.pool);
      this.used = 0;
    }
    const spanAt = this.used + TRACE_ID_BYTES;
    const traceId = this.pool.toString('hex', this.used, spanAt);
    const spanId = this.pool.toString('hex', spanAt, spanAt + SPAN_ID_BYTES);
    this.used += ENTRY_BYTES;
    return { traceId, traceparent: `00-${traceId}-${spanId}-01` };
  }
}
