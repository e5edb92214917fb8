import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { BreakerState } from './breaker/connection-breaker.js';
import type { LimitUsage } from './limits/connection-limiter.js';

/** Metrics of all vendors of a process. Labels come from fixed sets; connections never are labels. */
export interface VendorMetrics {
  /** Counts one request; `outcome` is `ok` or an error code. */
  request(vendor: string, operation: string, outcome: string, seconds: number): void;
  transition(vendor: string, to: BreakerState): void;
  /** Keys of one batched fetch. */
  batch(vendor: string, entityType: string, keys: number): void;
  /** Lets the state gauge ask how the breakers of a vendor stand. */
  watchBreakers(vendor: string, states: () => readonly BreakerState[]): void;
  /** Lets the limit gauges ask what the connections of a vendor have used. */
  watchLimits(vendor: string, usages: () => readonly LimitUsage[]): void;
}

const stateNumbers: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 1, open: 2 };

/** Registers the metrics; once per registry. */
export function createVendorMetrics(registry: Registry): VendorMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'vendor_requests_total',
    help: 'Requests to vendors, by outcome: ok or the code of the error.',
    labelNames: ['vendor', 'operation', 'outcome'],
    registers,
  });
  const durations = new Histogram({
    name: 'vendor_request_duration_seconds',
    help: 'Time from asking for a request to its answer, waits for the limiter included.',
    labelNames: ['vendor', 'operation'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const transitions = new Counter({
    name: 'circuit_breaker_transitions_total',
    help: 'Changes of state of circuit breakers.',
    labelNames: ['vendor', 'to'],
    registers,
  });
  const batches = new Histogram({
    name: 'vendor_batch_keys',
    help: 'Entities asked for in one batched fetch.',
    labelNames: ['vendor', 'entity_type'],
    buckets: [1, 2, 5, 10, 20, 40, 80],
    registers,
  });
  const watched = new Map<string, () => readonly BreakerState[]>();
  watchStates(watched, registry);
  const limits = new Map<string, () => readonly LimitUsage[]>();
  watchUsage(limits, registry);
  return {
    request(vendor, operation, outcome, seconds) {
      requests.inc({ vendor, operation, outcome });
      durations.observe({ vendor, operation }, seconds);
    },
    transition: (vendor, to) => transitions.inc({ vendor, to }),
    batch: (vendor, entityType, keys) => batches.observe({ vendor, entity_type: entityType }, keys),
    watchBreakers: (vendor, states) => void watched.set(vendor, states),
    watchLimits: (vendor, usages) => void limits.set(vendor, usages),
  };
}

function watchStates(watched: ReadonlyMap<string, () => readonly BreakerState[]>, registry: Registry): void {
  const state = new Gauge({
    name: 'circuit_breaker_state',
    help: 'Worst state of the circuit breakers of a vendor: 0 closed, 1 half-open, 2 open.',
    labelNames: ['vendor'],
    registers: [],
    collect() {
      for (const [vendor, states] of watched)
        this.set({ vendor }, Math.max(0, ...states().map((state) => stateNumbers[state])));
    },
  });
  const open = new Gauge({
    name: 'circuit_breaker_open_connections',
    help: 'Breakers (connection and operation class) of a vendor that are open.',
    labelNames: ['vendor'],
    registers: [],
    collect() {
      for (const [vendor, states] of watched)
        this.set({ vendor }, states().filter((state) => state === 'open').length);
    },
  });
  registry.registerMetric(state);
  registry.registerMetric(open);
}

const KINDS = ['minute', 'day'] as const;

function watchUsage(watched: ReadonlyMap<string, () => readonly LimitUsage[]>, registry: Registry): void {
  const used = new Gauge({
    name: 'vendor_limit_used_ratio',
    help: 'Largest share that any connection of a vendor has used of its limit, by kind: minute or day. 1 = used up.',
    labelNames: ['vendor', 'kind'],
    registers: [],
    collect() {
      for (const [vendor, usages] of watched)
        for (const kind of KINDS)
          this.set({ vendor, kind }, Math.max(0, ...usages().map((usage) => shareOf(usage[kind]))));
    },
  });
  const waiting = new Gauge({
    name: 'vendor_limit_waiting_connections',
    help: 'Connections of a vendor that must wait for a limit before their next request.',
    labelNames: ['vendor'],
    registers: [],
    collect() {
      for (const [vendor, usages] of watched)
        this.set({ vendor }, usages().filter(({ waitMs }) => waitMs > 0).length);
    },
  });
  registry.registerMetric(used);
  registry.registerMetric(waiting);
}

function shareOf(window: LimitUsage['minute']): number {
  return window === undefined ? 0 : window.used / window.limit;
}

/** For tests and one-off tools: counts nothing. */
export const noVendorMetrics: VendorMetrics = {
  request: () => undefined,
  transition: () => undefined,
  batch: () => undefined,
  watchBreakers: () => undefined,
  watchLimits: () => undefined,
};
