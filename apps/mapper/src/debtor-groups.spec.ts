import { expect, test } from 'vitest';
import { type AccountingRecord, type Invoice, mapperStores } from '#libs/contracts';
import { sampleContact, sampleInvoice } from '#libs/flows';
import { MapperBench } from './testing/mapper-bench.js';

/** Three days after 19 November, nine in London; the clock of the bench stands a day before. */
const DAY_3 = Date.UTC(2026, 10, 22, 9);
const GATHERED = DAY_3 + 90_000;
const statement = `
  - id: statement
    when: invoice.overdue
    days: [3]
    at: '09:00'
    group: debtor
    to: customer
    channel: sms
    template: '{% for i in debtor.invoices %}{{ i.number }}={{ i.amountDue }} {% endfor %}'`;

let versions = 0;

function invoice(id: string, over: Partial<Invoice> = {}, around: Partial<AccountingRecord> = {}) {
  versions += 1;
  const about = { entityId: id, recordId: `${id}-${versions}`, contentHash: `${versions}`, entityNumber: id };
  const record = sampleInvoice({ number: id, dueDate: '2026-11-19', ...over }, about);
  return { ...record, version: record.version + versions, ...around };
}

/** Answers every question that has not been answered; `states` says what has changed. */
async function answerAll(bench: MapperBench, states: Readonly<Record<string, Partial<Invoice>>> = {}) {
  const answers = bench.questions().flatMap(({ entityId, recheckToken }) => {
    const about = { recheck: true, recheckTokens: [recheckToken ?? ''], origin: 'timer' };
    return recheckToken === null ? [] : [invoice(entityId, states[entityId] ?? {}, about)];
  });
  await bench.take(...answers);
}

async function withDebts(head = ''): Promise<MapperBench> {
  const bench = await MapperBench.start([statement], undefined, head);
  await bench.take(
    sampleContact(),
    invoice('A'),
    invoice('B', { amountDue: '20' }),
    invoice('OLD', { dueDate: '2026-10-01', amountDue: '5' }),
    invoice('LATER', { dueDate: '2027-01-31' }),
  );
  return bench;
}

test('sends one message for all that a debtor owes, on states that were read again', async () => {
  const bench = await withDebts();
  const before = bench.messages().length;
  await bench.passUntil(DAY_3);
  await answerAll(bench, { B: { amountDue: '11' } });
  expect(bench.messages()).toHaveLength(before);
  expect(bench.trail().filter((word) => word === 'grouped/with-debtor')).toHaveLength(2);
  await bench.passUntil(GATHERED);
  expect(bench.bodies().at(-1)).toBe('OLD=5 A=1250.5 B=11');
  expect(bench.messages().at(-1)?.businessEvent).toBe('debtor/sample-contact/overdue/2026-11-22');
});

test('sends nothing twice, however often the answers come', async () => {
  const bench = await withDebts();
  await bench.passUntil(DAY_3);
  await answerAll(bench);
  await bench.driver.restart();
  await bench.passUntil(GATHERED);
  const sent = bench.messages().length;
  await answerAll(bench);
  await bench.passUntil(GATHERED + 10 * 60_000);
  expect(bench.messages()).toHaveLength(sent);
});

test('leaves out what was paid while the others came together', async () => {
  const bench = await withDebts();
  await bench.passUntil(DAY_3);
  await answerAll(bench, { B: { amountDue: '20' } });
  await bench.take(invoice('A', { status: 'paid', amountDue: '0' }));
  await bench.passUntil(GATHERED);
  expect(bench.bodies().at(-1)).toBe('OLD=5 B=20');
  expect(bench.driver.stored(mapperStores.debts, 'sample-books/sample-contact/A')).toBeUndefined();
});

test('sends nothing when all is paid', async () => {
  const bench = await MapperBench.start([statement]);
  await bench.take(sampleContact(), invoice('A'));
  await bench.passUntil(DAY_3);
  await answerAll(bench);
  await bench.take(invoice('A', { status: 'paid', amountDue: '0' }));
  await bench.passUntil(GATHERED);
  expect(bench.messages()).toEqual([]);
});

test('lists what is due soon and was not answered in time, and sends no second message for it', async () => {
  const soon = statement.replace('overdue', 'due-soon').replace('days: [3]', 'days: [3, 7]');
  const bench = await MapperBench.start([soon]);
  await bench.take(
    sampleContact(),
    invoice('A', { dueDate: '2026-12-05' }),
    invoice('B', { dueDate: '2026-12-09', amountDue: '20' }),
    invoice('LATER', { dueDate: '2027-01-31' }),
  );
  await bench.passUntil(Date.UTC(2026, 11, 2, 9));
  const late = bench.questions().find(({ entityId }) => entityId === 'B');
  // The week before of A is past; of that day only B's question stays open.
  const [today] = bench
    .questions()
    .filter(({ entityId }) => entityId === 'A')
    .slice(-1);
  const answered = (recheckToken: string | null | undefined) => ({
    recheck: true,
    recheckTokens: [recheckToken ?? ''],
    origin: 'timer',
  });
  const before = bench.messages().length;
  await bench.take(invoice('A', { dueDate: '2026-12-05' }, answered(today?.recheckToken)));
  await bench.pass(90_000);
  expect(bench.bodies().slice(before)).toEqual(['A=1250.5 B=20']);
  await bench.take(invoice('B', { dueDate: '2026-12-09', amountDue: '20' }, answered(late?.recheckToken)));
  await bench.pass(90_000);
  expect(bench.messages()).toHaveLength(before + 1);
  expect(bench.trail().filter((word) => word === 'duplicate/duplicate-of')).toHaveLength(1);
});

test('waits as a whole for the end of the quiet hours', async () => {
  const bench = await MapperBench.start([statement], undefined, 'quietHours: { from: "08:30", to: "12:00" }');
  await bench.take(sampleContact(), invoice('A'), invoice('B'));
  await bench.passUntil(DAY_3);
  await answerAll(bench);
  await bench.passUntil(GATHERED);
  const noon = Date.UTC(2026, 10, 22, 12);
  expect(bench.outcomes().at(-1)).toMatchObject({ status: 'deferred', nextTryAt: noon });
  await bench.passUntil(noon);
  await answerAll(bench);
  await bench.passUntil(noon + 90_000);
  expect(bench.bodies()).toEqual(['A=1250.5 B=1250.5']);
});

test('moves a debt with the contact of its invoice', async () => {
  const bench = await MapperBench.start([statement]);
  await bench.take(sampleContact(), invoice('A'));
  await bench.take(invoice('A', { contactId: 'other' }));
  expect(bench.driver.stored(mapperStores.debts, 'sample-books/sample-contact/A')).toBeUndefined();
  expect(bench.driver.stored(mapperStores.debts, 'sample-books/other/A')).toEqual({ dueDate: '2026-11-19' });
});
