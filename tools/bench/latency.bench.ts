import { withStep, type Progress } from '../lib/progress.ts';
import { UserError } from '../lib/user-error.ts';
import { cpuBetween, cpuOf, cpuPerEvent } from './cpu.ts';
import type { FlowRig } from './flow-rig.ts';
import { RawConnection } from './http-sockets.ts';
import { runOpenLoop } from './open-loop.ts';
import { quantile } from './statistics.ts';
import type { BenchEvent } from './tenants.ts';
import { assertOnceEach, type TakenMessage, TruthReader } from './truth.ts';

export const latencyRates = [10, 50] as const;

/** Milliseconds. */
export interface LatencySide {
  readonly p50: number;
  readonly p99: number;
  readonly highest: number;
}

export interface LatencyRound {
  readonly eventsPerSecond: number;
  readonly product: LatencySide & {
    readonly cpuMsPerEvent: number | undefined;
    /** Of each process. */
    readonly each: Record<string, number> | undefined;
  };
  readonly limit: LatencySide;
}

const WITHIN_MS = 60_000;

/**
 * From the moment at which a webhook was due until its SMS request was at the Twilio double, at fixed rates (open loop), beside
 * the bare loop's two calls at the same rates.
 */
export async function benchLatency(
  rig: FlowRig,
  size: { readonly seconds: number; readonly rounds: number; readonly warmUps: number },
  progress: Progress,
): Promise<LatencyRound[]> {
  const rounds: LatencyRound[] = [];
  for (let round = 1 - size.warmUps; round <= size.rounds; round += 1) {
    const label = round < 1 ? 'latency, warming up' : `latency, round ${round} of ${size.rounds}`;
    await withStep(progress, label, async (step) => {
      for (const rate of latencyRates) {
        step.detail(`${rate} events/s`);
        const result = await measure(rig, rate, rate * size.seconds);
        if (round > 0) rounds.push(result);
      }
    });
  }
  return rounds;
}

async function measure(rig: FlowRig, eventsPerSecond: number, count: number): Promise<LatencyRound> {
  const { bench, loop, tenants } = rig;
  const cpuBefore = cpuOf(bench.processes());
  const product = await productLatencies(rig, tenants.take(count), eventsPerSecond);
  const cpu = cpuPerEvent(cpuBetween(cpuBefore, cpuOf(bench.processes())), count);
  const events = tenants.take(count);
  const truth = await TruthReader.fromNow(bench.system);
  const { dueAt } = await loop.ask({ events, eventsPerSecond, toldOfStatus: true });
  const limit = latenciesOf(events, dueAt, await truth.read());
  return {
    eventsPerSecond,
    product: { ...sideOf(product), cpuMsPerEvent: cpu?.services, each: cpu?.each },
    limit: sideOf(limit),
  };
}

async function productLatencies(
  rig: FlowRig,
  events: readonly BenchEvent[],
  rate: number,
): Promise<number[]> {
  const { bench, ingressPort } = rig;
  const requests = rig.requestsFor(events);
  const truth = await TruthReader.fromNow(bench.system);
  // None ahead of time: what is never used gets a 408 after ingress's time for an upload, maybe just when its turn comes.
  const idle: RawConnection[] = [];
  const all: RawConnection[] = [];
  const dueAt = await runOpenLoop(requests, rate, async (bytes) => {
    let connection = idle.pop();
    while (connection?.closed) connection = idle.pop();
    if (!connection) {
      connection = await RawConnection.open(ingressPort);
      all.push(connection);
    }
    const status = await connection.request(bytes);
    if (status !== 200) throw new UserError(`ingress answered ${status} to a webhook of the benchmark`);
    idle.push(connection);
  });
  for (const connection of all) connection.close();
  await truth.waitFor(events.length, WITHIN_MS, () => undefined);
  await bench.untilQuiet();
  return latenciesOf(events, dueAt, await truth.read());
}

/** From due to taken, for each event. @throws UserError when an event has no message or more than one. */
export function latenciesOf(
  events: readonly BenchEvent[],
  dueAt: readonly number[],
  taken: readonly TakenMessage[],
): number[] {
  assertOnceEach(events, taken);
  const takenAt = new Map(taken.map(({ to, realAtMs }) => [to, realAtMs]));
  return events.map(({ to }, index) => (takenAt.get(to) ?? NaN) - (dueAt[index] ?? NaN));
}

function sideOf(latencies: readonly number[]): LatencySide {
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), highest: quantile(latencies, 1) };
}
