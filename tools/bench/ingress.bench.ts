import { availableParallelism } from 'node:os';
import { KafkaClient } from '#libs/streams';
import { withStep } from '../lib/progress.ts';
import { UserError } from '../lib/user-error.ts';
import type { BenchSize } from './arguments.ts';
import { type BenchSurroundings, type BenchSystem, withBenchSystem } from './bench-system.ts';
import { cpuBetween, cpuOf, cpuPerEvent } from './cpu.ts';
import { BenchProcess } from './processes/bench-process.ts';
import type { LoadAnswer, LoadOrder } from './processes/messages.ts';
import { connectTenants } from './tenants.ts';

/** One side of a round. */
export interface IngressSide {
  readonly perSecond: number;
  readonly cpuMsPerEvent: number | undefined;
  readonly clientCpuMsPerEvent: number;
}

/** What ingress did, with the CPU of each process of the system. */
export interface IngressProduct extends IngressSide {
  readonly each: Record<string, number> | undefined;
}

export interface IngressRound {
  /** One instance of ingress. */
  readonly single: IngressProduct;
  /** An instance for each processor. */
  readonly product: IngressProduct & { readonly instances: number };
  readonly limit: IngressSide;
}

type Client = BenchProcess<LoadOrder, LoadAnswer>;

/** Connections of the client: vendors deliver over many. */
const CONNECTIONS = 256;
/** One process has one thread for its requests; a deployment has as many instances as it has processors for them. */
const INSTANCES = Math.min(Math.max(availableParallelism(), 2), 4);
/** Nothing but ingress and what it needs: what the others do with the notices is the matter of `pipeline`. */
const SCALE = [`ingress=${INSTANCES}`, 'console=0', 'fetcher=0', 'mapper=0', 'twilio-sender=0'];
const TOPIC = 'change-notices.xero';

/**
 * Signed Xero webhooks that ingress accepts a second with acks=all, one instance and one for each processor, beside a bare Fastify that verifies the same HMAC and stores
 * nothing. After each round the log must hold exactly one notice per accepted webhook.
 */
export function benchIngress(size: BenchSize, surroundings: BenchSurroundings): Promise<IngressRound[]> {
  return withBenchSystem(SCALE, surroundings, async (bench) => {
    const { system } = bench;
    const { organisations, rounds: count, warmUps, seconds } = size;
    const plan = { organisations, contactsEach: 0, rounds: 0 };
    const { tenantIds } = await withStep(
      surroundings.progress,
      `connect ${organisations} organisations`,
      () => connectTenants(system, plan),
    );
    const webhookKey = system.sandbox.vendors['xero']?.webhookKey ?? '';
    const bare = await BenchProcess.start<unknown, { port: number }, null, null>('bare-server', {
      webhookKey,
    });
    const client = await BenchProcess.start<unknown, null, LoadOrder, LoadAnswer>('load-client', {
      webhookKey,
      tenantIds,
    });
    try {
      await bench.untilQuiet();
      const rounds: IngressRound[] = [];
      for (let round = 1 - warmUps; round <= count; round += 1) {
        const label = round < 1 ? 'ingress, warming up' : `ingress, round ${round} of ${count}`;
        const result = await withStep(surroundings.progress, label, async () => ({
          single: await product(bench, client.process, 1, seconds),
          product: {
            ...(await product(bench, client.process, INSTANCES, seconds)),
            instances: INSTANCES,
          },
          limit: await limit(bare, client.process, seconds),
        }));
        if (round > 0) rounds.push(result);
      }
      bench.assertUndisturbed();
      return rounds;
    } finally {
      client.process.stop();
      bare.process.stop();
    }
  });
}

async function product(
  bench: BenchSystem,
  client: Client,
  instances: number,
  seconds: number,
): Promise<IngressProduct> {
  const { kafkaBrokers } = bench.system.context;
  const noticesBefore = await countRecords(kafkaBrokers);
  const cpuBefore = cpuOf(bench.processes());
  const answer = await client.ask({
    ports: portsOfIngress(bench).slice(0, instances),
    connections: CONNECTIONS,
    seconds,
  });
  assertAllAccepted(answer);
  const cpu = cpuPerEvent(cpuBetween(cpuBefore, cpuOf(bench.processes())), answer.accepted);
  const notices = (await countRecords(kafkaBrokers)) - noticesBefore;
  if (notices !== answer.accepted)
    throw new UserError(
      `The benchmark failed: ${answer.accepted} webhooks were accepted, and the log has ${notices} notices of them.`,
    );
  return { ...sideOf(answer, cpu?.each['ingress']), each: cpu?.each };
}

async function limit(
  bare: { readonly process: BenchProcess<null, null>; readonly ready: { readonly port: number } },
  client: Client,
  seconds: number,
): Promise<IngressSide> {
  const self = [{ service: 'bare', instance: 1, pid: bare.process.pid, ports: [] }];
  const cpuBefore = cpuOf(self);
  const answer = await client.ask({ ports: [bare.ready.port], connections: CONNECTIONS, seconds });
  assertAllAccepted(answer);
  const cpu = cpuPerEvent(cpuBetween(cpuBefore, cpuOf(self)), answer.accepted);
  return sideOf(answer, cpu?.each['bare']);
}

function portsOfIngress(bench: BenchSystem): number[] {
  return bench
    .processes()
    .filter(({ service }) => service === 'ingress')
    .flatMap(({ ports }) => ports);
}

function sideOf(answer: LoadAnswer, cpuMsPerEvent: number | undefined): IngressSide {
  return {
    perSecond: (answer.accepted * 1000) / answer.elapsedMs,
    cpuMsPerEvent,
    clientCpuMsPerEvent: answer.clientCpuMs / answer.accepted,
  };
}

function assertAllAccepted({ accepted, refused }: LoadAnswer): void {
  if (accepted > 0 && Object.keys(refused).length === 0) return;
  throw new UserError(
    `The benchmark failed: webhooks were answered ${JSON.stringify(refused)} instead of 200.`,
  );
}

/** How many notices the log has; an idempotent producer leaves no gaps, so offsets count records. */
async function countRecords(kafkaBrokers: string): Promise<number> {
  const client = new KafkaClient({ brokers: kafkaBrokers.split(','), clientId: 'bench' });
  const admin = client.kafka.admin();
  await admin.connect();
  try {
    const ends = await admin.fetchTopicOffsets(TOPIC);
    return ends.reduce((sum, { high }) => sum + Number(high), 0);
  } finally {
    await admin.disconnect();
  }
}
