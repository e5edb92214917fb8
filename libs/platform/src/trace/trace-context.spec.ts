import { describe, expect, it } from 'vitest';
import {
  childOf,
  formatTraceparent,
  parseTraceparent,
  startTrace,
  traceFromHeaders,
  traceHeaders,
} from './trace-context.js';
import { currentTrace, runInTrace } from './trace-scope.js';

// Cases after the recommendation and its public test suite (https://github.com/w3c/trace-context, test/test.py).
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const valid = `00-${TRACE}-${SPAN}-01`;

describe('traceparent', () => {
  it('is read and written in version 00', () => {
    const context = parseTraceparent(valid);
    expect(context).toEqual({ traceId: TRACE, spanId: SPAN, flags: 1, traceState: undefined });
    expect(context && formatTraceparent(context)).toBe(valid);
  });

  it.each([
    ['version ff', `ff-${TRACE}-${SPAN}-01`],
    ['a version of one digit', `0-${TRACE}-${SPAN}-01`],
    ['a version of three digits', `000-${TRACE}-${SPAN}-01`],
    ['a version that is not hexadecimal', `.0-${TRACE}-${SPAN}-01`],
    ['an all-zero trace id', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['an all-zero parent id', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['upper-case digits', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['a short trace id', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['a long trace id', `00-${TRACE}0-${SPAN}-01`],
    ['a foreign digit in the parent id', `00-${TRACE}-${SPAN.slice(1)}x-01`],
    ['flags of one digit', `00-${TRACE}-${SPAN}-1`],
    ['flags of three digits', `00-${TRACE}-${SPAN}-001`],
    ['more after version 00', `${valid}-what`],
    ['a dash after version 00', `${valid}-`],
    ['a future version without a dash before what follows', `cc-${TRACE}-${SPAN}-01what`],
    ['blanks around it', ` ${valid} `],
    ['a line break after it', `${valid}\n`],
    ['missing parts', `00-${TRACE}-${SPAN}`],
    ['nothing', ''],
  ])('is refused with %s', (_what, header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });

  it.each([
    `cc-${TRACE}-${SPAN}-01`,
    `cc-${TRACE}-${SPAN}-01-what-the-future-brings`,
    `01-${TRACE}-${SPAN}-01-`,
  ])('of a future version is read as far as version 00 reaches: %s', (header) => {
    const context = parseTraceparent(header);
    expect(context && formatTraceparent(context)).toBe(valid);
  });

  it('keeps the flags it knows and drops the others', () => {
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-ff`)?.flags).toBe(0b11);
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-fc`)?.flags).toBe(0);
  });
});

describe('tracestate', () => {
  const stateOf = (state: string): string | undefined => parseTraceparent(valid, state)?.traceState;

  it('is passed on with blanks around its members and empty members left out', () => {
    expect(stateOf('foo=1 , bar=2')).toBe('foo=1,bar=2');
    expect(stateOf('foo=1,,bar=2,')).toBe('foo=1,bar=2');
    expect(stateOf('fw529a3039@dt=FfffffffQ;x, 0z_-*/=ok')).toBe('fw529a3039@dt=FfffffffQ;x,0z_-*/=ok');
  });

  it.each([
    ['no equals sign', 'foo 1'],
    ['a key in upper case', 'FOO=1'],
    ['a key that is there twice', 'foo=1,foo=2'],
    ['an empty value', 'foo='],
    ['a second equals sign', 'foo=bar=baz'],
    ['a control character', 'foo=b\tr'],
    ['more than 32 members', Array.from({ length: 33 }, (_, index) => `k${index}=1`).join(',')],
    ['more than 512 characters', `a=${'x'.repeat(250)},b=${'x'.repeat(250)},c=${'x'.repeat(20)}`],
  ])('is dropped for %s, and the trace goes on', (_what, state) => {
    expect(parseTraceparent(valid, state)).toMatchObject({ traceId: TRACE, traceState: undefined });
  });
});

describe('headers', () => {
  it('are read from HTTP and from Kafka, where values are buffers', () => {
    expect(traceFromHeaders({ traceparent: valid, tracestate: ['a=1', 'b=2'] })).toMatchObject({
      traceId: TRACE,
      traceState: 'a=1,b=2',
    });
    expect(traceFromHeaders({ traceparent: Buffer.from(valid) })?.spanId).toBe(SPAN);
    expect(traceFromHeaders({ traceparent: [Buffer.from(valid)] })?.spanId).toBe(SPAN);
  });

  it('are refused when traceparent came twice, and ignored when there is only a tracestate', () => {
    expect(traceFromHeaders({ traceparent: [valid, valid] })).toBeUndefined();
    expect(traceFromHeaders({ traceparent: `${valid}, ${valid}` })).toBeUndefined();
    expect(traceFromHeaders({ tracestate: 'a=1' })).toBeUndefined();
  });

  it('carry a context on', () => {
    const context = parseTraceparent(valid, 'a=1');
    expect(context && traceHeaders(context)).toEqual({ traceparent: valid, tracestate: 'a=1' });
    expect(Object.keys(traceHeaders(startTrace()))).toEqual(['traceparent']);
  });
});

describe('traces', () => {
  it('begin with fresh valid ids and go on with a new span', () => {
    const traces = Array.from({ length: 1_000 }, startTrace);
    for (const trace of traces) expect(parseTraceparent(formatTraceparent(trace))).toEqual(trace);
    expect(new Set(traces.map(({ traceId }) => traceId)).size).toBe(1_000);
    const [parent = startTrace()] = traces;
    const child = childOf(parent);
    expect(child).toMatchObject({ traceId: parent.traceId, flags: parent.flags });
    expect(child.spanId).not.toBe(parent.spanId);
  });

  it('follow the work through promises, and end with it', async () => {
    const trace = startTrace();
    await runInTrace(trace, async () => {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      expect(currentTrace()).toBe(trace);
    });
    expect(currentTrace()).toBeUndefined();
  });
});
