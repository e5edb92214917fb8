import { currentTrace, type HeaderBag, runInTrace, traceFromHeaders } from '#libs/platform';

/** Runs a handler in the trace of its record, so that its outcomes and log lines name it. */
export function inTraceOf<T>(headers: HeaderBag, work: () => T): T {
  const trace = traceFromHeaders(headers);
  return trace ? runInTrace(trace, work) : work();
}

/** The trace id for outcomes; null for work that no record brought (timers, polls). */
export function currentTraceId(): string | null {
  return currentTrace()?.traceId ?? null;
}
