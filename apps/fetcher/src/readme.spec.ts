import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { metricFaults, serviceSchema, undocumentedVariables } from '#libs/platform';
import { vendors } from '#libs/vendors';
import { fetcherConfig } from './fetcher.config.js';
import { FetcherMetrics } from './fetcher.metrics.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
/** A vendor's variables are documented with the vendor, so that adding one touches no app. */
const vendorReadmes = vendors.all.map(({ manifest }) =>
  readFileSync(new URL(`../../../libs/vendors/${manifest.id}/README.md`, import.meta.url), 'utf8'),
);

test('documents every variable in the README', () => {
  expect(undocumentedVariables(serviceSchema(fetcherConfig), [readme, ...vendorReadmes].join('\n'))).toEqual(
    [],
  );
});

test('names, explains and labels its metrics by the rules, and the README has them all', async () => {
  const registry = new Registry();
  expect(new FetcherMetrics(registry)).toBeDefined();
  expect(await metricFaults(registry)).toEqual([]);
  const names = (await registry.getMetricsAsJSON()).map(({ name }) => name);
  expect(names.length).toBeGreaterThan(2);
  expect(names.filter((name) => !readme.includes(name))).toEqual([]);
});
