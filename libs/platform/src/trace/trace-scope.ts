import { AsyncLocalStorage } from 'node:async_hooks';
import type { TraceContext } from './trace-context.js';

const scope = new AsyncLocalStorage<TraceContext>();

/** Runs `work`, and all that it starts, inside a trace: log lines carry its `traceId`, and {@link currentTrace} finds it. */
export function runInTrace<T>(context: TraceContext, work: () => T): T {
  return scope.run(context, work);
}

/** The trace of the work that is running, or undefined outside one. */
export function currentTrace(): TraceContext | undefined {
  return scope.getStore();
}
