import { collectDefaultMetrics, type Registry } from 'prom-client';

/**
 * The event-loop delay is sampled by a timer of this period, so it is also how often an idle process wakes up. At prom-client's
 * default of 10 ms that is 100 times a second in each service.
 */
const EVENT_LOOP_SAMPLE_MS = 100;

/** Registers prom-client's metrics of process, heap, garbage collection and event loop. */
export function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLE_MS });
}
