import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { type Metric, Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { filesBelow } from '../bootstrap/stamps.mjs';
import { repositoryRoot } from '../lib/paths.ts';
import { codeSpans, documents } from './markdown.ts';
import { ConsoleMetrics } from '../../apps/console/src/console.metrics.ts';
import { FetcherMetrics } from '../../apps/fetcher/src/fetcher.metrics.ts';
import { IngressMetrics } from '../../apps/ingress/src/ingress.metrics.ts';
import { MapperMetrics } from '../../apps/mapper/src/mapper.metrics.ts';
import { TokenBrokerMetrics } from '../../apps/token-broker/src/token-broker.metrics.ts';
import { SenderMetrics } from '../../apps/twilio-sender/src/twilio-sender.metrics.ts';
import { collectProcessMetrics } from '../../libs/platform/src/metrics/process.metrics.ts';
import { createStreamsMetrics } from '../../libs/streams/src/streams.metrics.ts';
import { createVendorMetrics } from '../../libs/vendor-kit/src/vendor.metrics.ts';

/** How each file with metrics puts them on a registry. */
const definitions: Readonly<Record<string, (registry: Registry) => unknown>> = {
  'apps/console/src/console.metrics.ts': (registry) => new ConsoleMetrics(registry, () => 0),
  'apps/fetcher/src/fetcher.metrics.ts': (registry) => new FetcherMetrics(registry),
  'apps/ingress/src/ingress.metrics.ts': (registry) => new IngressMetrics(registry),
  'apps/mapper/src/mapper.metrics.ts': (registry) => new MapperMetrics(registry, () => 0),
  'apps/token-broker/src/token-broker.metrics.ts': (registry) => new TokenBrokerMetrics(registry),
  'apps/twilio-sender/src/twilio-sender.metrics.ts': (registry) => new SenderMetrics(registry),
  'libs/platform/src/metrics/process.metrics.ts': collectProcessMetrics,
  'libs/streams/src/streams.metrics.ts': (registry) => createStreamsMetrics(registry, 'group', () => []),
  'libs/vendor-kit/src/vendor.metrics.ts': createVendorMetrics,
};
/** Labels that Prometheus adds when it reads a target (tools/start/prometheus-targets.ts, the chart's PodMonitor). */
const TARGET_LABELS = ['service', 'instance'];

/** Labels by series, e.g. `webhook_requests_total` → vendor, outcome. */
const series = new Map<string, readonly string[]>();
const registry = new Registry();
for (const define of Object.values(definitions)) define(registry);
for (const { name, type } of await registry.getMetricsAsJSON()) {
  // prom-client keeps label names on every metric but does not type them.
  const { labelNames } = registry.getSingleMetric(name) as Metric & {
    readonly labelNames: readonly string[];
  };
  const isHistogram = String(type) === 'histogram';
  const names = isHistogram ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
  for (const one of names) series.set(one, isHistogram ? [...labelNames, 'le'] : labelNames);
}

interface Expression {
  readonly where: string;
  readonly text: string;
}

const ruleFile = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.object({ severity: z.enum(['page', 'ticket']) }),
          annotations: z.object({ summary: z.string(), description: z.string() }),
        }),
      ),
    }),
  ),
});
const dashboardFile = z.object({
  uid: z.string(),
  templating: z.object({ list: z.array(z.object({ name: z.string() })) }),
  panels: z.array(
    z.object({
      id: z.number(),
      title: z.string(),
      gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
      targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })).min(1),
    }),
  ),
});

const folder = join(repositoryRoot, 'deploy');
const ruleFiles = readdirSync(join(folder, 'prometheus')).filter((file) => file.endsWith('.rules.yaml'));
const rules = ruleFiles.flatMap((file) => {
  const { groups } = ruleFile.parse(parse(readFileSync(join(folder, 'prometheus', file), 'utf8')));
  return groups.flatMap((group) => group.rules);
});
const ruleTests = z
  .object({
    tests: z.array(
      z.object({
        alert_rule_test: z.array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()) })),
      }),
    ),
  })
  .parse(parse(readFileSync(join(folder, 'prometheus/tests/ledgerwire.test.yaml'), 'utf8'))).tests;
const dashboards = readdirSync(join(folder, 'grafana')).map((file) => ({
  file,
  ...dashboardFile.parse(JSON.parse(readFileSync(join(folder, 'grafana', file), 'utf8'))),
}));
const expressions: readonly Expression[] = [
  ...rules.map(({ alert, expr }) => ({ where: alert, text: expr })),
  ...dashboards.flatMap(({ file, panels }) =>
    panels.flatMap(({ title, targets }) =>
      targets.map(({ expr }) => ({ where: `${file}: ${title}`, text: withoutVariables(expr) })),
    ),
  ),
];

describe('the metrics of the code', () => {
  test('are all known here', () => {
    const files = ['apps', 'libs'].flatMap((name) => filesBelow(join(repositoryRoot, name)));
    const defining = files.filter((file) => file.endsWith('.metrics.ts') && !file.includes('/sandbox/'));
    expect(defining.map((file) => file.slice(repositoryRoot.length + 1)).sort()).toEqual(
      Object.keys(definitions).sort(),
    );
  });

  test('are all on a dashboard, but for those of the process', () => {
    const shown = new Set(expressions.flatMap(({ text }) => look(text).names));
    const base = (name: string): string => name.replace(/_(bucket|sum|count)$/, '');
    const bases = new Set([...shown].map(base));
    const hidden = [...series.keys()]
      .map(base)
      .filter((name) => !bases.has(name) && !/^(process|nodejs)_/.test(name));
    expect([...new Set(hidden)]).toEqual([]);
  });
});

describe.each(expressions)('the expression of $where', ({ text }) => {
  test('is PromQL over series and labels that the services export', () => {
    const { names, labels, faults } = look(text);
    expect(faults).toEqual([]);
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !series.has(name))).toEqual([]);
    const known = new Set([...names.flatMap((name) => series.get(name) ?? []), ...TARGET_LABELS]);
    expect(labels.filter((label) => !known.has(label))).toEqual([]);
  });
});

describe('documents', () => {
  /** `name_total{label,label}`: how documents write a metric; a label may have a value, and other words have other ends. */
  const METRIC = /^([a-z]+(?:_[a-z0-9]+)+_(?:total|seconds|records|keys|bytes))(?:\{([a-z_,="'-]+)\})?$/;
  const labelsOf = (name: string): readonly string[] | undefined =>
    series.get(name) ?? series.get(`${name}_bucket`);

  test.each(documents().map(({ path, text }) => [path, text] as const))(
    '%s names metrics that there are',
    (_path, text) => {
      const named = codeSpans(text).flatMap((span) => {
        const [, name, labels = ''] = METRIC.exec(span) ?? [];
        return name === undefined
          ? []
          : [{ span, name, labels: labels.split(',').map((label) => label.split('=')[0] ?? '') }];
      });
      const wrong = named.filter(({ name, labels }) => {
        const known = labelsOf(name);
        return known === undefined || labels.some((label) => label !== '' && !known.includes(label));
      });
      expect(wrong.map(({ span }) => span)).toEqual([]);
    },
  );
});

describe('alerts', () => {
  test('have names of their own, and annotations with labels that their expressions keep', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { expr, annotations } of rules) {
      const used = Object.values(annotations).flatMap((text) => text.match(/(?<=\$labels\.)\w+/g) ?? []);
      const kept = look(expr).labels;
      expect(used.filter((label) => !kept.includes(label))).toEqual([]);
    }
  });
});

describe('an alert on single events', () => {
  /** Counters that begin at 1, by the rules that compare their increase with nothing at all. */
  const onFirst = rules.flatMap(({ alert, expr }) => {
    const increases = expr.match(/increase\([^)]*\)/g) ?? [];
    return / > 0(\s|$)/.test(expr) ? increases.map((text) => ({ alert, expr, text })) : [];
  });
  const tests = ruleTests.flatMap(({ alert_rule_test }) => alert_rule_test);

  test('fires for the first one, which increase() does not see', () => {
    expect(onFirst.length).toBeGreaterThan(6);
    const blind = onFirst.filter(({ expr, text }) => {
      const [, selector, time] = /^increase\((.*)\[(\w+)\]\)$/.exec(text) ?? [];
      const born = `(last_over_time(${selector}[${time}]) unless last_over_time(${selector}[1d] offset ${time}))`;
      return !expr.replaceAll(/\s+/g, ' ').includes(`${born} or ${text}`);
    });
    expect(blind.map(({ alert }) => alert)).toEqual([]);
  });

  test('is played by promtool: once that it fires, once that it does not', () => {
    const played = (alert: string, fires: boolean): boolean =>
      tests.some((one) => one.alertname === alert && one.exp_alerts.length > 0 === fires);
    const unplayed = onFirst.filter(({ alert }) => !played(alert, true) || !played(alert, false));
    expect(unplayed.map(({ alert }) => alert)).toEqual([]);
    const known = new Set(rules.map(({ alert }) => alert));
    expect(tests.filter(({ alertname }) => !known.has(alertname))).toEqual([]);
  });
});

describe('dashboards', () => {
  test('have uids of their own and panels that do not overlap', () => {
    expect(new Set(dashboards.map(({ uid }) => uid)).size).toBe(dashboards.length);
    for (const { panels } of dashboards) {
      const cells = panels.flatMap(({ gridPos: { x, y, w } }) =>
        Array.from({ length: w }, (_, column) => `${x + column}/${y}`),
      );
      expect(new Set(cells).size).toBe(cells.length);
    }
  });
});

/** What an expression names; `faults` are the places at which the grammar gives up. */
function look(text: string): { names: string[]; labels: string[]; faults: string[] } {
  const found = { names: [] as string[], labels: [] as string[], faults: [] as string[] };
  parser.parse(text).iterate({
    enter: ({ name, type, from, to, node }) => {
      const word = text.slice(from, to);
      if (type.isError) found.faults.push(`at ${from}: ${text.slice(Math.max(0, from - 20), to + 20)}`);
      if (name === 'Identifier' && node.parent?.name === 'VectorSelector') found.names.push(word);
      if (name === 'LabelName') found.labels.push(word);
    },
  });
  return found;
}

/** Grafana's own variables in the place of which something of the same kind can stand. */
function withoutVariables(expression: string): string {
  return expression.replaceAll('$__rate_interval', '5m').replaceAll('$service', '.+');
}
