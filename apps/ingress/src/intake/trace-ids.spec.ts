import { describe, expect, it } from 'vitest';
import { TraceIds } from './trace-ids.js';

describe('trace ids', () => {
  it('are W3C trace contexts, and no two are alike over several draws of random bytes', () => {
    const ids = new TraceIds();
    const seen = new Set<string>();
    for (let count = 0; count < 1_000; count += 1) {
      const { traceId, traceparent } = ids.next();
      expect(traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
      seen.add(traceparent.slice(3, 52));
    }
    expect(seen.size).toBe(1_000);
  });

  it('use every random byte once', () => {
    let fills = 0;
    const ids = new TraceIds((buffer) => {
      buffer.forEach((_, index) => {
        buffer[index] = (index + fills) % 256;
      });
      fills += 1;
    });
    expect(ids.next().traceparent).toBe('00-000102030405060708090a0b0c0d0e0f-1011121314151617-01');
    expect(ids.next().traceparent).toBe('00-18191a1b1c1d1e1f2021222324252627-28292a2b2c2d2e2f-01');
  });
});
