import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { metricFaults, serviceSchema, undocumentedVariables } from '#libs/platform';
import { twilioSenderConfig } from './twilio-sender.config.js';
import { SenderMetrics } from './twilio-sender.metrics.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

test('documents every variable in the README', () => {
  expect(undocumentedVariables(serviceSchema(twilioSenderConfig), readme)).toEqual([]);
});

test('names, explains and labels its metrics by the rules, and the README has them all', async () => {
  const registry = new Registry();
  expect(new SenderMetrics(registry)).toBeDefined();
  expect(await metricFaults(registry)).toEqual([]);
  const names = (await registry.getMetricsAsJSON()).map(({ name }) => name);
  expect(names.length).toBeGreaterThan(2);
  expect(names.filter((name) => !readme.includes(name))).toEqual([]);
});
