import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { metricFaults } from '#libs/platform';
import { ConsoleMetrics } from './console.metrics.js';

it('names its metrics by the rules', async () => {
  const registry = new Registry();
  new ConsoleMetrics(registry, () => 3).written('outcome', 5, 20);
  expect(await metricFaults(registry)).toEqual([]);
  const text = await registry.metrics();
  expect(text).toContain('audit_rows_total{kind="outcome"} 5');
  expect(text).toContain('live_feed_listeners 3');
});
