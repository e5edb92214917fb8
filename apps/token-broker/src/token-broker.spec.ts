import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { loadConfig, metricFaults, serviceSchema, undocumentedVariables } from '#libs/platform';
import { vendors } from '#libs/vendors';
import { tokenBrokerConfig } from './token-broker.config.js';
import { TokenBrokerMetrics } from './token-broker.metrics.js';
import { refusals } from './refusal.js';
import { newKey } from './testing/broker-instance.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
/** A vendor's variables are documented with the vendor, so that adding one touches no app. */
const vendorReadmes = vendors.all.map(({ manifest }) =>
  readFileSync(new URL(`../../../libs/vendors/${manifest.id}/README.md`, import.meta.url), 'utf8'),
);

test('documents every variable in the README', () => {
  expect(
    undocumentedVariables(serviceSchema(tokenBrokerConfig), [readme, ...vendorReadmes].join('\n')),
  ).toEqual([]);
});

test('documents every refusal in the README', () => {
  expect(Object.keys(refusals).filter((code) => !readme.includes(`\`${code}\``))).toEqual([]);
});

test('names, explains and labels its metrics by the rules, and the README has them all', async () => {
  const registry = new Registry();
  const metrics = new TokenBrokerMetrics(registry);
  metrics.refreshed('books', 'refreshed', 5);
  metrics.read('books', 'ok');
  metrics.consent('books', 'connected');
  metrics.alert('books', 'grant-revoked');
  metrics.published('ok');
  metrics.subscription('books', 'verified');
  metrics.rowsUnderOldKeys(0);
  expect(await metricFaults(registry)).toEqual([]);
  const names = (await registry.getMetricsAsJSON()).map(({ name }) => name);
  expect(names.filter((name) => !readme.includes(name))).toEqual([]);
});

test('tells what is wrong with master keys by key id, and never shows one', () => {
  const [good, cut] = [newKey('k1'), newKey('k2').slice(0, -5)];
  const load = (): unknown => loadConfig(tokenBrokerConfig, { LEDGERWIRE_MASTER_KEYS: `${good},${cut}` });
  expect(load).toThrow(/LEDGERWIRE_MASTER_KEYS: key k2 must be 32 bytes/);
  for (const key of [good, cut]) expect(load).not.toThrow(key.slice(3));
});
