import { withStep, type Progress, type ProgressStep } from '../lib/progress.ts';
import { cpuBetween, cpuOf, cpuPerEvent } from './cpu.ts';
import type { FlowRig } from './flow-rig.ts';
import { sendClosedLoop } from './http-sockets.ts';
import { realNowMs } from './open-loop.ts';
import { assertOnceEach, TruthReader } from './truth.ts';

export interface PipelineSide {
  readonly perSecond: number;
  /** Product: of all services, until the trail is written too. Limit: of the loop. */
  readonly cpuMsPerEvent: number | undefined;
  readonly each: Record<string, number> | undefined;
}

export interface PipelineRound {
  readonly product: PipelineSide & {
    /** From the first webhook until the services had nothing more to do (status callbacks, trail). */
    readonly drainedAfterMs: number;
  };
  readonly limit: PipelineSide;
  /** The loop again, with messages that ask for no status callbacks: less than the product's calls have the vendor do. */
  readonly limitWithoutCallbacks: PipelineSide;
}

const CONNECTIONS = 16;
const WITHIN_MS = 120_000;

/**
 * Webhook → SMS request at the Twilio double: events a second from the first webhook to the last request, all events handed in
 * as fast as ingress takes them, beside a bare loop over the same events. Every event must have exactly one message.
 */
export async function benchPipeline(
  rig: FlowRig,
  size: { readonly events: number; readonly rounds: number; readonly warmUps: number },
  progress: Progress,
): Promise<PipelineRound[]> {
  const rounds: PipelineRound[] = [];
  for (let round = 1 - size.warmUps; round <= size.rounds; round += 1) {
    const label = round < 1 ? 'pipeline, warming up' : `pipeline, round ${round} of ${size.rounds}`;
    const result = await withStep(progress, label, async (step) => ({
      product: await product(rig, size.events, step),
      limit: await limit(rig, size.events, true),
      limitWithoutCallbacks: await limit(rig, size.events, false),
    }));
    if (round > 0) rounds.push(result);
  }
  return rounds;
}

async function product(rig: FlowRig, count: number, step: ProgressStep): Promise<PipelineRound['product']> {
  const { bench, ingressPort } = rig;
  const events = rig.tenants.take(count);
  const requests = rig.requestsFor(events);
  const truth = await TruthReader.fromNow(bench.system);
  const cpuBefore = cpuOf(bench.processes());
  const startedAt = realNowMs();
  let next = 0;
  await sendClosedLoop([ingressPort], CONNECTIONS, () => requests[next++]);
  await truth.waitFor(count, WITHIN_MS, (taken) => step.detail(`${taken} of ${count} messages`));
  await bench.untilQuiet();
  const drainedAfterMs = realNowMs() - startedAt;
  const cpu = cpuPerEvent(cpuBetween(cpuBefore, cpuOf(bench.processes())), count);
  const taken = await truth.read();
  assertOnceEach(events, taken);
  const lastAt = Math.max(...taken.map(({ realAtMs }) => realAtMs));
  return {
    perSecond: (count * 1000) / (lastAt - startedAt),
    cpuMsPerEvent: cpu?.services,
    each: cpu?.each,
    drainedAfterMs,
  };
}

async function limit(
  { bench, tenants, loop }: FlowRig,
  count: number,
  toldOfStatus: boolean,
): Promise<PipelineSide> {
  const events = tenants.take(count);
  const truth = await TruthReader.fromNow(bench.system);
  const { elapsedMs, cpuMs } = await loop.ask({ events, eventsPerSecond: null, toldOfStatus });
  assertOnceEach(events, await truth.read());
  return { perSecond: (count * 1000) / elapsedMs, cpuMsPerEvent: cpuMs / count, each: undefined };
}
