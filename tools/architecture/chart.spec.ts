import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { describeConfig } from '#libs/platform';
import { httpControllers } from '../../apps/console/src/console.module.ts';
import { plannedTopics, topicPlan } from '../../apps/setup/src/topic-plan.ts';
import { MOST_FETCHER_MB } from '../../test/faults/cases/f09-slow-vendor.ts';
import { repositoryRoot } from '../lib/paths.ts';
import { chartCatalogue } from './chart-catalogue.ts';
import { configurations, serviceFacts, sourceVendors, VENDOR } from './service-facts.ts';

const chart = join(repositoryRoot, 'deploy/helm/ledgerwire');
const read = (file: string): string => readFileSync(join(chart, file), 'utf8');

const factSchema = z.object({
  kind: z.enum(['http', 'stream', 'job']),
  needs: z.array(z.enum(['kafka', 'registry', 'database', 'token-broker', 'vendors', 'services'])),
  common: z.array(z.string()),
  variables: z.array(z.string()),
});
const services = z
  .object({ services: z.record(z.string(), factSchema), job: factSchema })
  .parse(parse(read('files/services.yaml')));
const facts = { ...services.services, setup: services.job };
const wired = Object.fromEntries(
  Object.entries(facts).map(([app, { common, variables }]) => [app, [...common, ...variables]]),
);
const sources = z
  .record(z.string(), z.partialRecord(z.enum(['text', 'value', 'field', 'make', 'secret']), z.string()))
  .parse(parse(read('files/variables.yaml')));
const isSecret = (name: string): boolean => Object.hasOwn(sources[name] ?? {}, 'secret');
const templates = readdirSync(join(chart, 'templates')).map((name) => ({
  name,
  text: read(`templates/${name}`),
}));
const values: unknown = parse(read('values.yaml'));

describe('the chart', () => {
  test('knows the vendors, topics, rights and settings of the code', async () => {
    const text = `${JSON.stringify(chartCatalogue(wired), null, 2)}\n`;
    // Red? Run "npm run generate" and commit what it writes.
    await expect(text).toMatchFileSnapshot(join(chart, 'files/catalogue.json'));
  });

  test('has every app but the sandbox', () => {
    const apps = readdirSync(join(repositoryRoot, 'apps'));
    const deployed = apps.filter((app) => readdirSync(join(repositoryRoot, 'apps', app)).includes('src'));
    // The command line is no service.
    expect(Object.keys(facts).sort()).toEqual(
      deployed.filter((app) => app !== 'sandbox' && app !== 'cli').sort(),
    );
  });

  test('gives a folder for state to every service that has tasks', () => {
    const withTasks = Object.entries(serviceFacts()).filter(([, { hasTasks }]) => hasTasks);
    const withFolder = Object.entries(wired).filter(([, names]) => names.includes('LEDGERWIRE_STATE_FOLDER'));
    expect(withFolder.map(([app]) => app).sort()).toEqual(withTasks.map(([app]) => app).sort());
    // The rest of the file system is read-only.
    const deployments = templates.find(({ name }) => name === 'deployments.yaml')?.text;
    expect(deployments).toContain('mountPath: /var/lib/ledgerwire,');
    expect(sources['LEDGERWIRE_STATE_FOLDER']?.text).toMatch(/^\/var\/lib\/ledgerwire\//);
  });

  test('lists every topic that setup creates, with the same settings', () => {
    const catalogue = chartCatalogue(wired).topics;
    const names = catalogue.flatMap(({ name }) =>
      name.includes(VENDOR) ? sourceVendors.map((vendor) => name.replace(VENDOR, vendor)) : [name],
    );
    expect(names.sort()).toEqual(
      plannedTopics(sourceVendors)
        .map(({ name }) => name)
        .sort(),
    );
    const plan = topicPlan({ vendors: sourceVendors, chainPartitions: 7, minInsyncReplicas: 2 });
    const configOf = (name: string) => plan.find((topic) => topic.name === name)?.config;
    const messages = catalogue.find(({ name }) => name === 'messages');
    expect({ ...messages?.config, 'min.insync.replicas': '2' }).toEqual(configOf('messages'));
  });
});

test('the setup job makes topics by every value under "topics"', () => {
  const paths = Object.keys(z.looseObject({}).parse(valueAt('topics'))).map((key) => `topics.${key}`);
  const given = wired['setup']?.map((name) => sources[name]?.value) ?? [];
  expect(paths).toContain('topics.replicas');
  expect(paths.filter((path) => !given.includes(path))).toEqual([]);
});

describe.each(Object.keys(facts))('the environment of %s', (app) => {
  const schema = configurations[app];
  const rows = schema === undefined ? [] : describeConfig(schema);

  test('has everything that it requires', () => {
    const required = rows.filter((row) => row.required).map(({ name }) => name);
    expect(required.length).toBeGreaterThan(0);
    expect(required.filter((name) => !wired[app]?.includes(name))).toEqual([]);
  });

  test('has nothing that it does not read', () => {
    const known = new Set(rows.map(({ name }) => name));
    expect(wired[app]?.filter((name) => !known.has(name))).toEqual([]);
  });

  test('takes its secrets from Secrets and nothing else from there', () => {
    const secrets = new Set(rows.filter(({ secret }) => secret).map(({ name }) => name));
    expect(wired[app]?.filter((name) => secrets.has(name) !== isSecret(name))).toEqual([]);
  });
});

describe('the sources of variables', () => {
  test('are there for every variable and lead to a value, a field or a template', () => {
    const used = new Set(Object.values(wired).flat());
    expect(Object.keys(sources).sort()).toEqual([...used].sort());
    const defined = new Set(templates.flatMap(({ text }) => text.match(/(?<=define ")[^"]+/g) ?? []));
    const aimless = Object.entries(sources).filter(([, { text, value, field, make, secret }]) => {
      const template = make ?? secret;
      if (template !== undefined) return !defined.has(template);
      return value === undefined ? (text ?? field) === undefined : valueAt(value) === undefined;
    });
    expect(aimless).toEqual([]);
  });
});

describe('the outside', () => {
  const ingress = read('templates/public-access.yaml');
  const [console = ''] = ingress.match(/(?<=\$console := list ).*(?= \}\})/) ?? [];

  test('reaches what console answers to operators, and neither its metrics nor its health', () => {
    const served = httpControllers.flatMap((controller) => {
      const base = String(Reflect.getMetadata('path', controller));
      const methods = Object.values(Object.getOwnPropertyDescriptors(controller.prototype));
      return methods
        .map(({ value }): unknown => value)
        .filter((method) => typeof method === 'function' && Reflect.hasMetadata('path', method))
        .map((method) => `${base}/${String(Reflect.getMetadata('path', method as object))}`)
        .map((path) => path.split('/').find((part) => part !== ''));
    });
    // serveAssets and serveOpenApi.
    const all = new Set([...served.filter((part) => part !== undefined), 'assets', 'docs', 'openapi.json']);
    expect((console.match(/(?<="\/)[^"]+/g) ?? []).sort()).toEqual([...all].sort());
  });

  test('is led to named paths alone', () => {
    expect(ingress).not.toMatch(/"paths?" (\(list )?"\/"/);
    expect(ingress).toContain('"exact" "/"');
    expect(ingress).not.toMatch(/"\/(metrics|health)/);
  });

  test('that preStop.sleep may be used is what the chart asks of the cluster', () => {
    const { kubeVersion } = z.object({ kubeVersion: z.string() }).parse(parse(read('Chart.yaml')));
    const [, minor] = /^>=1\.(\d+)\./.exec(kubeVersion) ?? [];
    expect(templates.some(({ text }) => text.includes('preStop: { sleep:'))).toBe(true);
    expect(Number(minor)).toBeGreaterThanOrEqual(30);
  });
});

describe('secrets', () => {
  test('are named in the chart and never held', () => {
    const suspicious = leaves(values).filter(
      ({ path, value }) =>
        /password|secret|token|masterkey/i.test(path) && !isReference(path) && value !== '',
    );
    expect(suspicious).toEqual([]);
    const kinds = templates.flatMap(({ text }) => text.match(/^kind: .*/gm) ?? []);
    expect(kinds).toContain('kind: Deployment');
    expect(kinds).not.toContain('kind: Secret');
    expect(kinds).not.toContain('kind: ConfigMap');
  });

  test('that open refresh tokens, and those of our apps at vendors, go to token-broker alone', () => {
    const holders = (variable: string): string[] =>
      Object.entries(wired).flatMap(([app, names]) => (names.includes(variable) ? [app] : []));
    expect(holders('LEDGERWIRE_MASTER_KEYS')).toEqual(['token-broker']);
    expect(holders('LEDGERWIRE_SERVICE_TOKENS')).toEqual(['token-broker']);
    const users = templates.filter(({ text }) => text.includes('tokenBroker.vendorSecrets'));
    expect(users.map(({ name }) => name)).toEqual(['deployments.yaml']);
    expect(users[0]?.text).toContain(
      'if and (eq .app "token-broker") $root.Values.tokenBroker.vendorSecrets',
    );
    const keys = templates.filter(({ text }) => text.includes('masterKeysKey')).map(({ name }) => name);
    expect(keys).toEqual(['_env.tpl']);
  });
});

describe('values', () => {
  const schema = z
    .object({ properties: z.record(z.string(), z.unknown()), additionalProperties: z.literal(false) })
    .parse(JSON.parse(read('values.schema.json')));

  test('fit their schema, which refuses what is misspelt', () => {
    expect(Object.keys(schema.properties).sort()).toEqual(
      Object.keys(z.looseObject({}).parse(values)).sort(),
    );
    const validator = z.fromJSONSchema(
      JSON.parse(read('values.schema.json')) as Parameters<typeof z.fromJSONSchema>[0],
    );
    expect(validator.safeParse(values).error?.issues).toBeUndefined();
    expect(validator.safeParse({ ...z.looseObject({}).parse(values), fetcher: {} }).success).toBe(false);
  });

  test('give a fetcher more memory than F9 lets it take', () => {
    const limit = String(
      valueAt('services.fetcher.resources.limits.memory') ?? valueAt('defaults.resources.limits.memory'),
    );
    expect(limit).toMatch(/^\d+Mi$/);
    expect(Number.parseInt(limit, 10)).toBeGreaterThan(MOST_FETCHER_MB);
  });

  test('that are numbers are written in digits, also from a million up', () => {
    // Helm's own toString makes 1e+06 of a million: only the one template that knows of it may use it.
    const [writer = ''] =
      read('templates/_env.tpl').match(/\{\{- define "ledgerwire\.text".*?\n\{\{- end \}\}/s) ?? [];
    expect(writer).toContain('printf "%.0f"');
    const careless = templates.filter(({ text }) => /\btoString\b/.test(text.replace(writer, '')));
    expect(careless.map(({ name }) => name)).toEqual([]);
    // What is rendered by hand before a release has such a number.
    const large = leaves(parse(read('ci/full-values.yaml'))).filter(({ value }) => Number(value) >= 1e6);
    expect(large.map(({ path }) => path)).toContain('services.ingress.settings.INGRESS_MAX_PENDING_BYTES');
  });

  test('used by templates are all there', () => {
    const used = templates.flatMap(({ text }) => text.match(/(?<=\.Values\.)[A-Za-z]+(\.[A-Za-z]+)*/g) ?? []);
    expect(used.length).toBeGreaterThan(30);
    expect(used.filter((path) => valueAt(path) === undefined)).toEqual([]);
  });
});

function valueAt(path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined),
      values,
    );
}

/** Names of Secrets and of keys in them. */
function isReference(path: string): boolean {
  return /(existingSecret|Key|caSecret\.(name|key)|vendorSecrets|tlsSecrets|automount\w*)$/.test(path);
}

function leaves(value: unknown, path = ''): { path: string; value: unknown }[] {
  if (typeof value !== 'object' || value === null) return [{ path, value }];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`));
}
