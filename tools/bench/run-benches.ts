import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { repositoryRoot } from '../lib/paths.ts';
import type { BenchSize } from './arguments.ts';
import type { BenchSurroundings } from './bench-system.ts';
import { withFlowRig } from './flow-rig.ts';
import { benchIngress, type IngressRound } from './ingress.bench.ts';
import { benchLatency, latencyRates, type LatencyRound } from './latency.bench.ts';
import { benchPipeline, type PipelineRound } from './pipeline.bench.ts';
import { benchState, type StateFigure } from './state.bench.ts';

/** Everything that one run measured, round by round. */
export interface BenchRun {
  /** Short hash, with `-changed` when the checkout differs from it. */
  readonly commit: string;
  readonly startedAt: string;
  readonly machine: { readonly cores: number; readonly model: string; readonly node: string };
  readonly settings: Pick<BenchSize, 'rounds' | 'seconds' | 'organisations'>;
  readonly ingress?: readonly IngressRound[];
  readonly pipeline?: readonly PipelineRound[];
  readonly latency?: readonly LatencyRound[];
  readonly state?: StateFigure;
}

/** A round of `pipeline` has a fixed number of events, so many for each second that it is to last. */
const PIPELINE_EVENTS_PER_SECOND = 300;
/** Product, limit, and limit without callbacks take events of their own in each round. */
const PIPELINE_TAKES = 3;
/** Product and limit, at each rate. */
const LATENCY_TAKES = 2 * latencyRates.length;
/** Commands of one task over years: the mapper forgets them after 400 days. */
const STATE_KEYS = 1_000_000;

/** Runs what was asked for. @throws UserError when an event was lost or doubled. */
export async function runBenches(size: BenchSize, surroundings: BenchSurroundings): Promise<BenchRun> {
  const { only, rounds, seconds, organisations } = size;
  const head = {
    commit: commit(),
    startedAt: new Date().toISOString(),
    machine: { cores: availableParallelism(), model: cpus()[0]?.model ?? 'unknown', node: process.version },
    settings: { rounds, seconds, organisations },
  };
  const ingress = only.includes('ingress') ? { ingress: await benchIngress(size, surroundings) } : {};
  const wantsFlows = only.includes('pipeline') || only.includes('latency');
  const flows = wantsFlows ? await benchFlows(size, surroundings) : {};
  const state = only.includes('state') ? { state: await benchState(STATE_KEYS, surroundings) } : {};
  return { ...head, ...ingress, ...flows, ...state };
}

function benchFlows(
  { only, rounds, warmUps, seconds, organisations }: BenchSize,
  surroundings: BenchSurroundings,
): Promise<Pick<BenchRun, 'pipeline' | 'latency'>> {
  const wantsPipeline = only.includes('pipeline');
  const wantsLatency = only.includes('latency');
  // Ten events a second need the longer time to say anything about a p99.
  const latencySeconds = seconds * 2;
  const pipelineEvents = seconds * PIPELINE_EVENTS_PER_SECOND;
  const events = Math.max(
    wantsPipeline ? pipelineEvents : 0,
    wantsLatency ? Math.max(...latencyRates) * latencySeconds : 0,
  );
  const perRound = (wantsPipeline ? PIPELINE_TAKES : 0) + (wantsLatency ? LATENCY_TAKES : 0);
  const takes = perRound * (rounds + warmUps);
  return withFlowRig({ organisations, events, takes }, surroundings, async (rig) => {
    const { progress } = surroundings;
    const pipelineSize = { events: pipelineEvents, rounds, warmUps };
    const latencySize = { seconds: latencySeconds, rounds, warmUps };
    const pipeline = wantsPipeline ? { pipeline: await benchPipeline(rig, pipelineSize, progress) } : {};
    const latency = wantsLatency ? { latency: await benchLatency(rig, latencySize, progress) } : {};
    return { ...pipeline, ...latency };
  });
}

function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: repositoryRoot,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '-changed';
    return git('rev-parse', '--short', 'HEAD') + changed;
  } catch {
    return 'unknown';
  }
}
