import { Counter, Gauge, Histogram, type Metric, Registry, Summary } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { metricFaults } from './metric-rules.js';
import { collectProcessMetrics } from './process.metrics.js';

interface Described {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: string[];
  readonly registers?: Registry[];
}

const help = 'Requests to vendors, by outcome.';

describe('metricFaults', () => {
  it('has nothing to say about metrics after the rules, nor about those of the process', async () => {
    const registry = new Registry();
    const registers = [registry];
    collectProcessMetrics(registry);
    new Counter({ name: 'vendor_requests_total', help, labelNames: ['vendor', 'outcome'], registers });
    new Histogram({ name: 'vendor_request_duration_seconds', help, labelNames: ['vendor'], registers });
    new Gauge({ name: 'state_store_entries', help, labelNames: ['store'], registers });
    expect(await metricFaults(registry)).toEqual([]);
  });

  it.each([
    [{ name: 'vendor_requests', help }, Counter, /must end in _total/],
    [{ name: 'vendor_open_total', help }, Gauge, /no counter/],
    [{ name: 'vendor_request_duration_ms', help }, Histogram, /base unit/],
    [{ name: 'vendor_request_milliseconds_total', help }, Counter, /base unit/],
    [{ name: 'vendor_request_duration', help }, Histogram, /end with its unit/],
    [{ name: 'consumer_records_per_second', help }, Gauge, /let Prometheus divide/],
    [{ name: 'requests', help }, Summary, /snake_case/],
    [{ name: 'vendorRequests_total', help }, Counter, /snake_case/],
    [{ name: 'vendor_requests_total', help: 'requests' }, Counter, /help text/],
    [{ name: 'vendor_requests_total', help, labelNames: ['tenant'] }, Counter, /"tenant"/],
  ] as [Described, new (described: Described) => Metric, RegExp][])(
    'finds what is wrong with %o',
    async (described, Kind, message) => {
      const registry = new Registry();
      registry.registerMetric(new Kind({ ...described, registers: [] }));
      const faults = await metricFaults(registry);
      expect(faults).toHaveLength(1);
      expect(faults[0]).toMatch(message);
    },
  );
});
