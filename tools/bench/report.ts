import type { LatencyRound, LatencySide } from './latency.bench.ts';
import type { BenchRun } from './run-benches.ts';
import type { StateFigure } from './state.bench.ts';
import { median, medianOfRatios } from './statistics.ts';

/** What is to be reached now (issue: the main job runs), and where it will go. */
const TARGETS = {
  ingressRatio: 0.6,
  pipelineRatio: 0.15,
  latency: { eventsPerSecond: 50, p50: 100, p99: 300 },
  state: { seconds: 15, megabytes: 300 },
};

/** The run as JSON: medians in front, every round behind them. */
export function reportJson(run: BenchRun): string {
  const { ingress, pipeline, latency, state: _state, ...head } = run;
  const rounds = { ingress, pipeline, latency };
  return `${JSON.stringify({ ...head, targets: TARGETS, ...summaryOf(run), rounds }, rounded, 2)}\n`;
}

/** The medians of a run. */
export function summaryOf({ ingress, pipeline, latency, state }: BenchRun) {
  return {
    ...(ingress && {
      ingress: {
        instances: ingress[0]?.product.instances,
        ...medianOfRatios(
          ingress.map(({ product, limit }) => ({ product: product.perSecond, limit: limit.perSecond })),
        ),
        single: {
          ...medianOfRatios(
            ingress.map(({ single, limit }) => ({ product: single.perSecond, limit: limit.perSecond })),
          ),
          cpuMsPerEvent: medianOf(ingress.map(({ single }) => single.cpuMsPerEvent)),
        },
        cpuMsPerEvent: medianOf(ingress.map(({ product }) => product.cpuMsPerEvent)),
        limitCpuMsPerEvent: medianOf(ingress.map(({ limit }) => limit.cpuMsPerEvent)),
        cpuMsPerEventOf: mediansByName(ingress.map(({ product }) => product.each)),
      },
    }),
    ...(pipeline && {
      pipeline: {
        ...medianOfRatios(
          pipeline.map(({ product, limit }) => ({ product: product.perSecond, limit: limit.perSecond })),
        ),
        withoutCallbacks: medianOfRatios(
          pipeline.map(({ product, limitWithoutCallbacks }) => ({
            product: product.perSecond,
            limit: limitWithoutCallbacks.perSecond,
          })),
        ),
        drainedAfterMs: median(pipeline.map(({ product }) => product.drainedAfterMs)),
        cpuMsPerEvent: medianOf(pipeline.map(({ product }) => product.cpuMsPerEvent)),
        limitCpuMsPerEvent: medianOf(pipeline.map(({ limit }) => limit.cpuMsPerEvent)),
        cpuMsPerEventOf: mediansByName(pipeline.map(({ product }) => product.each)),
      },
    }),
    ...(latency && { latency: ratesOf(latency).map((rate) => latencyAt(rate, latency)) }),
    ...(state && { state }),
  };
}

/** The run as a table for people. */
export function reportTable(run: BenchRun): string {
  const { ingress, pipeline, latency, state } = summaryOf(run);
  const { settings, machine } = run;
  const rows: string[][] = [['', 'product', 'limit', 'product/limit', 'to reach', 'CPU per event']];
  if (ingress) {
    rows.push([
      'ingress, 1 instance',
      `${whole(ingress.single.product)}/s`,
      `${whole(ingress.limit)}/s`,
      percent(ingress.single.ratio),
      '',
      milliseconds(ingress.single.cpuMsPerEvent),
    ]);
    rows.push([
      `ingress, ${ingress.instances} instances`,
      `${whole(ingress.product)}/s`,
      `${whole(ingress.limit)}/s`,
      percent(ingress.ratio),
      `≥ ${percent(TARGETS.ingressRatio)}`,
      `${milliseconds(ingress.cpuMsPerEvent)} (limit ${milliseconds(ingress.limitCpuMsPerEvent)})`,
    ]);
  }
  if (pipeline) {
    rows.push([
      'pipeline',
      `${whole(pipeline.product)}/s`,
      `${whole(pipeline.limit)}/s`,
      percent(pipeline.ratio),
      `≥ ${percent(TARGETS.pipelineRatio)}`,
      `${milliseconds(pipeline.cpuMsPerEvent)} (limit ${milliseconds(pipeline.limitCpuMsPerEvent)})`,
    ]);
    const { product, limit, ratio } = pipeline.withoutCallbacks;
    rows.push([
      'pipeline, limit without status callbacks',
      `${whole(product)}/s`,
      `${whole(limit)}/s`,
      percent(ratio),
      '',
      '',
    ]);
  }
  for (const { eventsPerSecond, product, limit, cpuMsPerEvent } of latency ?? []) {
    for (const part of ['p50', 'p99'] as const) {
      const target =
        eventsPerSecond === TARGETS.latency.eventsPerSecond ? `≤ ${TARGETS.latency[part]} ms` : '';
      rows.push([
        `latency ${part} at ${eventsPerSecond}/s`,
        `${whole(product[part])} ms`,
        milliseconds(limit[part]),
        '',
        target,
        part === 'p50' ? milliseconds(cpuMsPerEvent) : '',
      ]);
    }
  }
  const made = `Medians of ${settings.rounds} rounds of about ${settings.seconds} s, commit ${run.commit}, Node ${machine.node}, ${machine.cores} cores (${machine.model}).`;
  return [
    aligned(rows),
    '',
    ...detailLines(ingress?.cpuMsPerEventOf, 'ingress'),
    ...detailLines(pipeline?.cpuMsPerEventOf, 'pipeline'),
    ...(latency ?? []).flatMap(({ eventsPerSecond, cpuMsPerEventOf }) =>
      detailLines(cpuMsPerEventOf, `latency at ${eventsPerSecond}/s`),
    ),
    ...stateLines(state),
    made,
  ].join('\n');
}

function stateLines(state: StateFigure | undefined): string[] {
  if (!state) return [];
  const { keys, fresh, again } = state;
  const { seconds, megabytes } = TARGETS.state;
  return [
    `state: ${whole(keys)} dedup keys restored in ${fresh.seconds.toFixed(1)} s (to reach ≤ ${seconds} s; CPU ${fresh.cpuSeconds.toFixed(1)} s) with ` +
      `${whole(fresh.megabytes)} MB of memory (≤ ${megabytes} MB), and in ${again.seconds.toFixed(2)} s from the file that is there`,
  ];
}

function detailLines(each: Record<string, number> | undefined, name: string): string[] {
  if (!each || Object.keys(each).length === 0) return [];
  const parts = Object.entries(each)
    .filter(([, ms]) => ms >= 0.005)
    .map(([service, ms]) => `${service} ${ms.toFixed(2)}`);
  return [`CPU ms per event, ${name}: ${parts.join(', ')}`];
}

function ratesOf(rounds: readonly LatencyRound[]): number[] {
  return [...new Set(rounds.map(({ eventsPerSecond }) => eventsPerSecond))];
}

function latencyAt(rate: number, rounds: readonly LatencyRound[]) {
  const own = rounds.filter(({ eventsPerSecond }) => eventsPerSecond === rate);
  return {
    eventsPerSecond: rate,
    product: mediansOf(own.map(({ product }) => product)),
    limit: mediansOf(own.map(({ limit }) => limit)),
    cpuMsPerEvent: medianOf(own.map(({ product }) => product.cpuMsPerEvent)),
    cpuMsPerEventOf: mediansByName(own.map(({ product }) => product.each)),
  };
}

function mediansOf(sides: readonly LatencySide[]): LatencySide {
  return {
    p50: median(sides.map(({ p50 }) => p50)),
    p99: median(sides.map(({ p99 }) => p99)),
    highest: median(sides.map(({ highest }) => highest)),
  };
}

function medianOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : median(known);
}

function mediansByName(rounds: readonly (Record<string, number> | undefined)[]): Record<string, number> {
  const names = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, median(rounds.map((round) => round?.[name] ?? 0))]));
}

function aligned(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-GB');
}

function percent(value: number): string {
  return `${(value * 100).toFixed(value < 0.1 ? 1 : 0)} %`;
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '–' : `${value.toFixed(2)} ms`;
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
}
