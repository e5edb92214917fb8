import { expect, test } from 'vitest';
import { type AccountingRecord, type Invoice, mapperStores } from '#libs/contracts';
import { sampleContact, sampleInvoice } from '#libs/flows';
import { issuedStep, MapperBench, overdueStep } from './testing/mapper-bench.js';

const HOUR = 3_600_000;
const QUIET = 'quietHours: { from: "08:30", to: "12:00" }';
/** The clock of the bench stands at nine in the morning, which is quiet here. */
const NOON = Date.UTC(2026, 10, 21, 12);

let versions = 0;

function next(over: Partial<Invoice> = {}, around: Partial<AccountingRecord> = {}): AccountingRecord {
  versions += 1;
  const record = sampleInvoice({ dueDate: '2026-11-19', ...over });
  const version = record.version + versions;
  return { ...record, version, recordId: `q${versions}`, contentHash: `content ${versions}`, ...around };
}

/** The fetcher's answer to the last question. */
function answerTo(bench: MapperBench, over: Partial<Invoice> = {}): AccountingRecord {
  const token = bench.questions().at(-1)?.recheckToken ?? '';
  return next(over, { recheck: true, recheckTokens: [token], origin: 'timer' });
}

async function heldInvoice(): Promise<MapperBench> {
  const bench = await MapperBench.start([issuedStep], undefined, QUIET);
  await bench.take(sampleContact(), next());
  return bench;
}

test('puts a message off until the quiet hours are over, and says until when', async () => {
  const bench = await heldInvoice();
  expect(bench.messages()).toEqual([]);
  expect(bench.outcomes().at(-1)).toMatchObject({
    status: 'deferred',
    reason: 'quiet-hours',
    nextTryAt: NOON,
    channel: 'sms',
    recipient: '+44••••••••56',
    flowStep: 'issued',
  });
});

test('reads the invoice again before the message leaves, and sends it once', async () => {
  const bench = await heldInvoice();
  await bench.driver.restart();
  await bench.passUntil(NOON);
  expect(bench.questions()).toMatchObject([
    { entityType: 'invoice', entityId: 'sample-invoice', recheck: true },
  ]);
  expect(bench.trail().at(-1)).toBe('rechecking/hour-come');
  const answer = answerTo(bench, { amountDue: '900' });
  await bench.take(answer);
  await bench.take({ ...answer, version: answer.version + 1 });
  expect(bench.bodies()).toEqual(['Invoice INV-1001 over 900 for Rowan Fitch']);
  expect(bench.outcomes().filter(({ status }) => status === 'duplicate')).toEqual([]);
});

test.each([
  ['paid', { status: 'paid', amountDue: '0' }, 'skipped/paid-meanwhile'],
  ['voided', { status: 'voided' }, 'skipped/voided-meanwhile'],
])('sends nothing for an invoice that was %s while it waited', async (_, over, outcome) => {
  const bench = await heldInvoice();
  await bench.passUntil(NOON);
  await bench.take(answerTo(bench, over));
  expect(bench.messages()).toEqual([]);
  expect(bench.trail()).toContain(outcome);
});

test('asks again when no answer comes, and gives up visibly', async () => {
  const bench = await heldInvoice();
  await bench.passUntil(NOON);
  for (let hour = 0; hour < 60; hour += 1) await bench.pass(HOUR);
  expect(bench.questions()).toHaveLength(10);
  expect(bench.trail().at(-1)).toBe('skipped/not-rechecked');
});

test('says that the flow changed when it is gone by then', async () => {
  const bench = await heldInvoice();
  bench.applyFlow([overdueStep]);
  await bench.passUntil(NOON);
  await bench.take(answerTo(bench));
  expect(bench.messages()).toEqual([]);
  expect(bench.trail()).toContain('skipped/flow-changed');
});

test('moves a reminder out of the quiet hours, and it is not late by that', async () => {
  const strict = overdueStep.replace("at: '09:00'", "at: '09:00'\n    catchUp: 1h");
  const bench = await MapperBench.start([strict], undefined, QUIET);
  await bench.take(sampleContact(), next());
  await bench.passUntil(Date.UTC(2026, 10, 22, 9));
  await bench.take(answerTo(bench));
  const noon = Date.UTC(2026, 10, 22, 12);
  expect(bench.outcomes().at(-1)).toMatchObject({ status: 'deferred', nextTryAt: noon });
  await bench.passUntil(noon);
  await bench.take(answerTo(bench, { amountDue: '77' }));
  expect(bench.bodies()).toEqual(['Please pay INV-1001: 77']);
});

/** A reminder of 22 November that waits, of which the message may wait for a day. */
async function heldReminder(): Promise<MapperBench> {
  const step = overdueStep
    .replace('[3, 10]', '[3]')
    .replace('channel: sms', 'channel: sms\n    notAfter: 1d');
  const head = 'quietHours: { from: "20:00", to: "06:00", holidays: true }\nholidays: [2026-11-22]';
  const bench = await MapperBench.start([step], undefined, head);
  await bench.take(sampleContact(), next());
  await bench.passUntil(Date.UTC(2026, 10, 22, 9));
  await bench.take(answerTo(bench));
  expect(bench.outcomes().at(-1)).toMatchObject({
    status: 'deferred',
    nextTryAt: Date.UTC(2026, 10, 23, 6),
  });
  return bench;
}

test('keeps a reminder that waits for longer than it may be late when the flow changes meanwhile', async () => {
  const step = overdueStep.replace('[3, 10]', '[3]').replace('channel: sms', 'channel: sms\n    catchUp: 1h');
  const head = 'quietHours: { from: "20:00", to: "06:00", holidays: true }\nholidays: [2026-11-22]';
  const bench = await MapperBench.start([step], undefined, head);
  await bench.take(sampleContact(), next());
  await bench.passUntil(Date.UTC(2026, 10, 22, 9));
  await bench.take(answerTo(bench));
  bench.applyFlow([step.replace('Please pay', 'Kindly pay')], {}, head);
  // A touch plans anew; it does not ask once more before the hour has come.
  await bench.take(next());
  const asked = bench.questions().length;
  await bench.passUntil(Date.UTC(2026, 10, 23, 6) - 1);
  expect(bench.questions()).toHaveLength(asked);
  bench.applyFlow([step.replace('Please pay', 'Do pay')], {}, head);
  await bench.passUntil(Date.UTC(2026, 10, 23, 6));
  await bench.take(answerTo(bench));
  expect(bench.bodies()).toEqual(['Do pay INV-1001: 1250.5']);
  expect(bench.trail()).not.toContain('cancelled/flow-changed');
});

test('drops a reminder that waits when the flow no longer has its days', async () => {
  const bench = await heldReminder();
  bench.applyFlow([overdueStep.replace('[3, 10]', '[10]')]);
  await bench.take(next());
  expect(bench.trail()).toContain('cancelled/flow-changed');
  const asked = bench.questions().length;
  await bench.passUntil(Date.UTC(2026, 10, 24, 6));
  expect(bench.questions()).toHaveLength(asked);
});

test('forgets since when a reminder waited once its due date has moved', async () => {
  const bench = await heldReminder();
  await bench.passUntil(Date.UTC(2026, 10, 23, 6));
  await bench.take(answerTo(bench, { dueDate: '2026-12-04' }));
  expect(bench.trail()).toContain('skipped/rescheduled');
  const due = Date.UTC(2026, 11, 7, 9);
  await bench.passUntil(due);
  await bench.take(answerTo(bench, { dueDate: '2026-12-04' }));
  expect(bench.messages()).toMatchObject([{ createdAt: due, notAfter: due + 24 * HOUR }]);
});

test('forgets since when a reminder waited when its debtor turns out to live in another zone', async () => {
  const step = overdueStep
    .replace('[3, 10]', '[3]')
    .replace('channel: sms', 'channel: sms\n    notAfter: 1d\n    zone: recipient');
  const bench = await MapperBench.start([step], undefined, 'quietHours: { from: "08:30", to: "09:05" }');
  const contact = sampleContact({ timeZone: 'Europe/London' });
  await bench.take(contact, next());
  await bench.passUntil(Date.UTC(2026, 10, 22, 9));
  await bench.take(answerTo(bench));
  await bench.passUntil(Date.UTC(2026, 10, 22, 9, 5));
  const moved = sampleContact({ timeZone: 'America/New_York' });
  await bench.take({ ...moved, version: moved.version + 1 }, answerTo(bench));
  await bench.passUntil(Date.UTC(2026, 10, 22, 14));
  await bench.take(answerTo(bench));
  const fits = Date.UTC(2026, 10, 22, 14, 5);
  expect(bench.outcomes().at(-1)).toMatchObject({ status: 'deferred', nextTryAt: fits });
  await bench.passUntil(fits);
  await bench.take(answerTo(bench));
  expect(bench.messages()).toMatchObject([{ notAfter: Date.UTC(2026, 10, 22, 14) + 24 * HOUR }]);
});

test('drops a reminder that is paid while it waits', async () => {
  const bench = await MapperBench.start([overdueStep], undefined, QUIET);
  await bench.take(sampleContact(), next());
  await bench.passUntil(Date.UTC(2026, 10, 22, 9));
  await bench.take(answerTo(bench));
  await bench.take(next({ status: 'paid', amountDue: '0' }));
  expect(bench.trail()).toContain('cancelled/paid-meanwhile');
  const asked = bench.questions().length;
  await bench.passUntil(Date.UTC(2026, 10, 23, 12));
  expect(bench.questions()).toHaveLength(asked);
  expect(bench.messages()).toEqual([]);
});

test('bounds what is kept of an invoice with ten thousand lines, and loses no tracking option', async () => {
  const bench = await MapperBench.start([issuedStep]);
  const [line] = sampleInvoice().invoice?.lines ?? [];
  if (!line) throw new Error('the sample has a line');
  const lines = Array.from({ length: 10_000 }, (_, index) => ({
    ...line,
    tracking: [{ category: 'Region', option: index === 9_000 ? 'South' : 'North' }],
  }));
  await bench.take(sampleContact(), next({ lines }));
  const kept = bench.entity('invoice', 'sample-invoice')?.invoice?.lines ?? [];
  expect(kept).toHaveLength(51);
  expect(kept.at(-1)?.tracking).toEqual([{ category: 'Region', option: 'South' }]);
  expect(bench.messages()).toHaveLength(1);
  const [debt] = [bench.driver.stored(mapperStores.debts, 'sample-books/sample-contact/sample-invoice')];
  expect(debt).toEqual({ dueDate: '2026-11-19' });
});
