import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '../../../tools/lib/wait.ts';
import { TrailReader } from '../check/evidence.ts';
import { commandOf } from '../check/invariants.ts';
import { BooksWriter, type MadeInvoice } from '../load/books-writer.ts';
import type { FaultRun, FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';
import type { ReplayReport, ReplayWish } from '../world/operator.ts';
import type { TruthLine } from '../world/sandbox.ts';
import { type Tenant, WORKSPACE } from '../world/tenants.ts';

const STAFF_PHONE = '+64219900025';
const INVOICES = 12;
const REASON = 'fault suite: replay under load';
const COMES_WITHIN_MS = 60_000;

/**
 * F25: the past of a company is replayed while everything is live, after a flow was added: first as a dry run, then for real with its
 * worker and its reader killed, then once more; in the end one message is forced to go out again.
 */
export const replayWhileLive: FaultTest = {
  id: 'F25',
  title: 'replay while live, killed in the middle, repeated, forced',
  weight: 1.5,
  short: false,
  run: async (run) => {
    const { world } = run;
    const from = Date.now();
    const company = await world.addTenant();
    const past = await issuePast(run, company);
    const ledgerStart = await world.sandbox.ledgerEnd();
    const reports: { dry?: ReplayReport; real?: ReplayReport; again?: ReplayReport } = {};
    const staffMessages = async (): Promise<TruthLine[]> =>
      (await world.sandbox.messagesAfter(ledgerStart)).filter(({ to }) => to === STAFF_PHONE);
    return underLoad(run, {
      others: new Set([STAFF_PHONE]),
      inject: async (until) => {
        const wish = await preparedWish(run, company, from);
        reports.dry = await dryRun(run, wish);
        reports.real = await realRun(run, wish);
        reports.again = await world.operator.untilEnded(
          await world.operator.replay({ ...wish, mode: 'normal' }),
        );
        await delay(Math.max(until - performance.now(), 0));
        // Two replays, two kills.
        return 4;
      },
      figures: async () => ({
        'records replayed': reports.real?.replayed ?? 0,
        'new by the dry run': countOf(reports.dry, 'mapped'),
        'dropped as done by the dry run': countOf(reports.dry, 'duplicate'),
        'new in truth': (await staffMessages()).length,
      }),
      check: async () => {
        const messages = await staffMessages();
        const sent = messages.length;
        const commands = new Set(messages.map(commandOf)).size;
        const foreseen = countOf(reports.dry, 'mapped');
        const { failures } = await forceOne(run, past[0], from);
        return [
          ...(reports.real?.status === 'done'
            ? []
            : [`the replay ended as ${reports.real?.status ?? 'none'}`]),
          ...(sent >= INVOICES ? [] : [`I1: ${sent} messages came of the replays of ${INVOICES} invoices`]),
          ...(sent === commands ? [] : [`I2: ${sent} messages came of ${commands} replayed commands`]),
          ...(foreseen === sent ? [] : [`the dry run foresaw ${foreseen} new messages, ${sent} came`]),
          ...failures,
        ];
      },
    });
  },
};

/** A company's invoices of which its one flow has told, before the flow was there that a replay will tell of them. */
async function issuePast({ world }: FaultRun, company: Tenant): Promise<MadeInvoice[]> {
  const from = await world.sandbox.ledgerEnd();
  const books = new BooksWriter({ sandbox: world.sandbox, tenants: [company] });
  await books.open();
  const made: MadeInvoice[] = [];
  for (let i = 0; i < INVOICES; i += 1) made.push(await books.issue(0, 'AUTHORISED'));
  await waitFor(
    async () => {
      const reached = new Set((await world.sandbox.messagesAfter(from)).map(({ to }) => to));
      return made.every(({ to }) => reached.has(to));
    },
    { what: 'messages of the invoices to be replayed', timeoutMs: COMES_WITHIN_MS, intervalMs: 200 },
  );
  return made;
}

/** What is replayed: all invoices of the company after its first, of which the new flow has not told. */
async function preparedWish(
  { world }: FaultRun,
  company: Tenant,
  from: number,
): Promise<Omit<ReplayWish, 'mode'>> {
  await world.operator.applyFlow(
    {
      id: 'fault-replayed',
      workspace: WORKSPACE,
      source: company.connectionId,
      target: world.twilioConnectionId,
      phone: STAFF_PHONE,
    },
    0,
    true,
  );
  return {
    topic: 'records',
    from,
    filter: { connectionId: company.connectionId, entityType: 'invoice' },
    reason: REASON,
  };
}

/** Repeats the dry run until the mapper knows the new flow; each outcome of it has come by then. */
async function dryRun({ world }: FaultRun, wish: Omit<ReplayWish, 'mode'>): Promise<ReplayReport> {
  let report: ReplayReport | undefined;
  await waitFor(
    async () => {
      const id = await world.operator.replay({ ...wish, mode: 'dry-run' });
      const { replayed } = await world.operator.untilEnded(id);
      await waitFor(
        async () => {
          report = await world.operator.report(id);
          return report.outcomes.reduce((sum, { count }) => sum + count, 0) >= replayed;
        },
        { what: 'the outcomes of the dry run', timeoutMs: COMES_WITHIN_MS, intervalMs: 200 },
      );
      return countOf(report, 'mapped') > 0;
    },
    { what: 'a dry run that knows the new flow', timeoutMs: COMES_WITHIN_MS, intervalMs: 1_000 },
  );
  if (!report) throw new Error('there was no dry run');
  return report;
}

/** The replay for real, while console (which reads and writes it) and mapper (which works it off) are killed. */
async function realRun({ world }: FaultRun, wish: Omit<ReplayWish, 'mode'>): Promise<ReplayReport> {
  const id = await world.operator.replay({ ...wish, mode: 'normal' });
  world.services.signal('console', 'SIGKILL');
  world.services.signal('mapper', 'SIGKILL');
  return world.operator.untilEnded(id);
}

/** Forces one message out again: it comes once more, and the trail says that somebody wanted it. */
async function forceOne(
  { world }: FaultRun,
  invoice: MadeInvoice | undefined,
  from: number,
): Promise<{ failures: string[] }> {
  const to = invoice?.to ?? '';
  const sentBefore = (await world.sandbox.messagesAfter(0)).filter((line) => line.to === to);
  const commandId = sentBefore[0] ? commandOf(sentBefore[0]) : '';
  const trail = new TrailReader(world.infrastructure.direct.databaseUrl);
  const trailStart = await trail.end();
  await world.operator.replay({
    topic: 'messages',
    mode: 'forced',
    from,
    filter: { commandId },
    reason: REASON,
  });
  const count = async (): Promise<number> =>
    (await world.sandbox.messagesAfter(0)).filter((line) => line.to === to).length;
  await waitFor(async () => (await count()) > sentBefore.length, {
    what: 'the forced message',
    timeoutMs: COMES_WITHIN_MS,
    intervalMs: 200,
  });
  let lines = await trail.after(trailStart);
  const asked = (): boolean =>
    lines.some((line) => line.status === 'resend-asked' && line.commandId === commandId);
  await waitFor(
    async () => {
      lines = await trail.after(trailStart);
      return asked();
    },
    { what: 'the word of who forced it in the trail', timeoutMs: COMES_WITHIN_MS, intervalMs: 200 },
  );
  const surplus = (await count()) - sentBefore.length - 1;
  return { failures: surplus === 0 ? [] : [`I2: ${surplus} forced messages too many`] };
}

function countOf(report: ReplayReport | undefined, status: string): number {
  return report?.outcomes.find((outcome) => outcome.status === status)?.count ?? 0;
}
