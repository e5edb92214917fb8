import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '../../../tools/lib/wait.ts';
import type { Evidence } from '../check/evidence.ts';
import { commandOf, told } from '../check/invariants.ts';
import { BooksWriter, type MadeInvoice } from '../load/books-writer.ts';
import { postWebhook, webhookBody } from '../load/signed-webhook.ts';
import type { FaultRun, FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';
import { Backup } from '../world/backup.ts';
import type { StaffFlow } from '../world/operator.ts';
import type { TruthLine } from '../world/sandbox.ts';
import { type Tenant, WORKSPACE } from '../world/tenants.ts';

const STOPS_WITHIN_MS = 5_000;
const WRONG_PHONE = '+64219900029';
const ENTITIES_OF_VICTIM = 5;

/** When operators did what, epoch milliseconds. */
interface Deeds {
  flowStoppedAt: number;
  pausedAt: number;
  resumedAt: number;
  /** Invoices of the company whose connection was deleted just after they were issued. */
  beforeDelete: MadeInvoice[];
  /** Entities of that company of which a webhook told after it. */
  afterDelete: string[];
}

/** F29: a wrong flow is applied and stopped, everything is paused, a connection is deleted in flight, a backup is restored. */
export const operatorErrors: FaultTest = {
  id: 'F29',
  title: 'wrong flow stopped, connection deleted in flight, backup restored',
  weight: 1.5,
  short: false,
  run: async (run) => {
    const { world } = run;
    const victim = await world.addTenant();
    const backup = await Backup.take(world);
    const deeds: Deeds = { flowStoppedAt: 0, pausedAt: 0, resumedAt: 0, beforeDelete: [], afterDelete: [] };
    const ledgerStart = await world.sandbox.ledgerEnd();
    let surplus: string[] = [];
    return underLoad(run, {
      others: new Set([WRONG_PHONE]),
      inject: async (until) => {
        const third = (until - performance.now()) / 3;
        await wrongFlow(run, third, deeds);
        await pauseAll(run, third, deeds);
        await deleteInFlight(run, victim, deeds);
        await delay(Math.max(until - performance.now(), 0));
        return 4;
      },
      mend: () => world.operator.retryParked('twilio-sender').then(() => undefined),
      check: async (_load, evidence) => {
        const all = await world.sandbox.messagesAfter(ledgerStart);
        const stops = [...checkStops(all, deeds), ...checkVictim(evidence, all, deeds)];
        surplus = await sentByRestoring(run, backup, victim);
        return [...stops, ...told('I2', 'sent again after a backup was restored', surplus)];
      },
      figures: async () => {
        const all = await world.sandbox.messagesAfter(ledgerStart);
        const wrong = all.filter(({ to }) => to === WRONG_PHONE);
        const during = all.filter(({ realAtMs }) => realAtMs > deeds.pausedAt && realAtMs < deeds.resumedAt);
        return {
          'messages of the wrong flow': wrong.length,
          'last one ms after its stop': lastAfter(wrong, deeds.flowStoppedAt),
          'last one ms after the pause': lastAfter(during, deeds.pausedAt),
        };
      },
    });
  },
};

async function wrongFlow({ world }: FaultRun, forMs: number, deeds: Deeds): Promise<void> {
  const flow: StaffFlow = {
    id: 'fault-wrong-flow',
    workspace: WORKSPACE,
    // Not the busiest: what goes to one number goes there one after the other, and a queue of it outlives its flow.
    source: world.tenants[Math.floor(world.tenants.length / 4)]?.connectionId ?? '',
    target: world.twilioConnectionId,
    phone: WRONG_PHONE,
  };
  await world.operator.applyFlow(flow, 0, true);
  await delay(forMs);
  deeds.flowStoppedAt = Date.now();
  await world.operator.applyFlow(flow, 1, false);
}

async function pauseAll({ world }: FaultRun, forMs: number, deeds: Deeds): Promise<void> {
  deeds.pausedAt = Date.now();
  await world.operator.setStatus(world.twilioConnectionId, 'paused');
  await delay(Math.max(forMs, STOPS_WITHIN_MS + 1_000));
  deeds.resumedAt = Date.now();
  await world.operator.setStatus(world.twilioConnectionId, 'active');
}

async function deleteInFlight({ world }: FaultRun, victim: Tenant, deeds: Deeds): Promise<void> {
  const books = new BooksWriter({ sandbox: world.sandbox, tenants: [victim] });
  await books.open();
  for (let i = 0; i < ENTITIES_OF_VICTIM; i += 1) deeds.beforeDelete.push(await books.issue(0, 'AUTHORISED'));
  await world.operator.disconnect(victim.connectionId);
  for (let i = 0; i < ENTITIES_OF_VICTIM; i += 1) {
    const entityId = randomUUID();
    const status = await postWebhook(world, webhookBody(victim.accountId, entityId));
    if (status === 200) deeds.afterDelete.push(entityId);
  }
}

function checkStops(messages: readonly TruthLine[], { flowStoppedAt, pausedAt, resumedAt }: Deeds): string[] {
  const wrong = messages.filter(({ to }) => to === WRONG_PHONE);
  const late = wrong.filter(({ realAtMs }) => realAtMs > flowStoppedAt + STOPS_WITHIN_MS);
  const paused = messages.filter(
    ({ realAtMs }) => realAtMs > pausedAt + STOPS_WITHIN_MS && realAtMs < resumedAt,
  );
  return [
    ...(wrong.some(({ realAtMs }) => realAtMs < flowStoppedAt) ? [] : ['the wrong flow never sent anything']),
    ...(late.length > 0 ? [`${late.length} messages of the wrong flow later than 5 s after its stop`] : []),
    ...(paused.length > 0 ? [`${paused.length} messages later than 5 s after everything was paused`] : []),
  ];
}

/** What was issued before the connection was deleted has an effect or a word why not; what came after it has a word. */
function checkVictim(
  { trail }: Evidence,
  messages: readonly TruthLine[],
  { beforeDelete, afterDelete }: Deeds,
): string[] {
  const reached = new Set(messages.map(({ to }) => to));
  const heardOf = new Set(trail.filter(({ step }) => step !== 'deliver').map(({ entityId }) => entityId));
  const silent = beforeDelete.filter(({ to, invoiceId }) => !reached.has(to) && !heardOf.has(invoiceId));
  const untold = afterDelete.filter((entityId) => !heardOf.has(entityId));
  return [
    ...told(
      'I1',
      'vanished with their connection',
      silent.map(({ invoiceNumber }) => `invoice ${invoiceNumber}`),
    ),
    ...told('I1', 'webhooks after the end of their connection of which nothing is said', untold),
  ];
}

/** Restores the backup, lets a new message of every company through, and tells which commands went out once more. */
async function sentByRestoring({ world }: FaultRun, backup: Backup, victim: Tenant): Promise<string[]> {
  const earlier = await world.sandbox.messagesAfter(0);
  const from = await world.sandbox.ledgerEnd();
  await backup.restore();
  // The backup is from before its end, and so the connection is back: an operator has to end it once more.
  await world.operator.disconnect(victim.connectionId);
  const books = new BooksWriter(world);
  await books.open();
  const fresh = new Set<string>();
  for (const place of world.tenants.keys()) fresh.add((await books.issue(place, 'AUTHORISED')).to);
  const since = (): Promise<TruthLine[]> => world.sandbox.messagesAfter(from);
  await waitFor(
    async () => {
      const reached = new Set((await since()).map(({ to }) => to));
      return [...fresh].every((to) => reached.has(to));
    },
    { what: 'a message of every company after the restore', timeoutMs: 90_000, intervalMs: 300 },
  );
  const sent = await since();
  const before = new Set(earlier.map(commandOf));
  const again = sent.filter(
    (message, place) =>
      before.has(commandOf(message)) ||
      sent.findIndex((other) => commandOf(other) === commandOf(message)) !== place,
  );
  return again.map(({ id }) => `message ${id}`);
}

function lastAfter(messages: readonly TruthLine[], at: number): number {
  return Math.round(Math.max(0, ...messages.map(({ realAtMs }) => realAtMs - at)));
}
