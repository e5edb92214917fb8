import { Gauge, Histogram, Counter, type Metric, type Registry } from 'prom-client';

/**
 * The labels that our metrics may have. Each has few values that the code or the build knows; tenants, invoices, addresses and
 * URLs never are labels, because every value costs memory in each process and in Prometheus for ever. A new label is added
 * here, where its values are said.
 */
export const metricLabels: Readonly<Record<string, string>> = {
  topic: 'a topic of the catalogue',
  group: 'a consumer group: one a service',
  partition: 'a partition number',
  step: 'a step of a pipeline',
  outcome: 'ok or one of a closed list',
  reason: 'one of a closed list',
  vendor: 'a vendor of the build',
  operation: "an operation of a vendor's client",
  store: 'a state store of the service',
  cause: 'one of a closed list',
  to: 'the state that was entered',
  class: 'a class of errors or operations',
  channel: 'sms or email',
  origin: 'webhook, poll, stream, replay or timer',
  status: 'a state of a closed list',
  source: 'how something became known',
  how: 'what settled a question',
  kind: 'one of a closed list',
  entity_type: 'a kind of record',
  timer: 'a timer that a handler names',
};

/** Not base units (https://prometheus.io/docs/practices/naming/#base-units), or units without a name. */
const WRONG_UNITS =
  /_(ms|millis|milliseconds|micros|nanos|minutes|hours|days|kb|kib|mb|mib|kilobytes|megabytes|percent|count|time)$/;

/** prom-client's own metrics have its names. */
const FOREIGN = /^(process|nodejs)_/;

/**
 * Looks at every metric of a registry and says what breaks the rules of names, help and labels: a line each, empty when all is
 * well. For the test that each lib and app with metrics has.
 */
export async function metricFaults(registry: Registry): Promise<readonly string[]> {
  const described = await registry.getMetricsAsJSON();
  return described
    .filter(({ name }) => !FOREIGN.test(name))
    .flatMap(({ name, help }) => {
      const metric = registry.getSingleMetric(name);
      return metric ? faultsOf(name, help, metric) : [];
    });
}

function faultsOf(name: string, help: string, metric: Metric): string[] {
  return [...nameFaults(name, metric), ...helpFaults(help), ...labelFaults(metric)].map(
    (fault) => `${name}: ${fault}`,
  );
}

function* nameFaults(name: string, metric: Metric): Generator<string> {
  if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)+$/.test(name)) yield 'is not <area>_<thing>_<unit> in snake_case';
  const counts = metric instanceof Counter;
  if (counts && !name.endsWith('_total')) yield 'is a counter and must end in _total';
  if (!counts && name.endsWith('_total')) yield 'ends in _total but is no counter';
  if (WRONG_UNITS.test(name.replace(/_total$/, '')))
    yield 'must use a base unit (seconds, bytes, ratio) or name what it counts';
  if (/_(duration|age|lag|delay|latency)$/.test(name)) yield 'must end with its unit';
  if (metric instanceof Histogram && /_(bucket|sum)$/.test(name)) yield 'ends like a series of a histogram';
  if (metric instanceof Gauge && /_(rate|per_second)$/.test(name))
    yield 'is a rate; export a counter and let Prometheus divide';
}

function* helpFaults(help: string): Generator<string> {
  if (!/^[A-Z].{14,}/.test(help))
    yield 'needs a help text that says what it measures, beginning with a capital';
}

function* labelFaults(metric: Metric): Generator<string> {
  // prom-client keeps label names on every metric but does not type them.
  const { labelNames } = metric as unknown as { readonly labelNames: readonly string[] };
  for (const label of labelNames)
    if (!Object.hasOwn(metricLabels, label)) yield `has the label "${label}", which is not in metricLabels`;
}
