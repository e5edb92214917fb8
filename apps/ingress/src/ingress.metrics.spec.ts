import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { metricFaults } from '#libs/platform';
import { IngressMetrics } from './ingress.metrics.js';

it('names its metrics by the rules', async () => {
  const registry = new Registry();
  const metrics = new IngressMetrics(registry);
  metrics.count('xero', 'accepted');
  metrics.verified('xero', 0.2);
  metrics.countEvents('xero', {
    events: 3,
    ignored: [{ reason: 'unknown-category', what: 'QUOTE' }],
    unknown: 1,
  });
  expect(await metricFaults(registry)).toEqual([]);
  const text = await registry.metrics();
  expect(text).toContain('webhook_events_total{vendor="xero",outcome="accepted"} 2');
  expect(text).toContain('webhook_events_total{vendor="xero",outcome="unknown-category"} 1');
});
