import { expect, test } from 'vitest';
import { type AccountingRecord, type Invoice, topics } from '#libs/contracts';
import { InlineRenderer, sampleContact, sampleInvoice } from '#libs/flows';
import { MapperBench, overdueStep } from './testing/mapper-bench.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Three and ten days after 5 December, 9:00 in London. */
const DAY_3 = Date.UTC(2026, 11, 8, 9);
const DAY_10 = Date.UTC(2026, 11, 15, 9);
const KEY_3 = 'reminder/sample-books/sample-invoice/invoices/overdue/3';
const KEY_10 = 'reminder/sample-books/sample-invoice/invoices/overdue/10';

let versions = 0;

/** The invoice in its next state. */
function next(over: Partial<Invoice> = {}, around: Partial<AccountingRecord> = {}): AccountingRecord {
  versions += 1;
  const record = sampleInvoice(over);
  const version = record.version + versions;
  return { ...record, version, recordId: `r${versions}`, contentHash: `content ${versions}`, ...around };
}

/** The fetcher's answer to a reminder's question: the state as it is, changed or not. */
function answer(over: Partial<Invoice> = {}, token = KEY_3): AccountingRecord {
  const around = {
    contentHash: JSON.stringify(over),
    recheck: true,
    recheckTokens: [token],
    origin: 'timer',
  };
  return next(over, around);
}

async function withInvoice(over: Partial<Invoice> = {}): Promise<MapperBench> {
  const bench = await MapperBench.start([overdueStep]);
  await bench.take(sampleContact(), next(over));
  return bench;
}

function scheduled(bench: MapperBench): (number | null)[] {
  return bench.outcomes().flatMap(({ status, nextTryAt }) => (status === 'scheduled' ? [nextTryAt] : []));
}

test('plans the reminders of an open invoice and says when they come', async () => {
  const bench = await withInvoice();
  expect(scheduled(bench)).toEqual([DAY_3, DAY_10]);
  expect(bench.messages()).toHaveLength(0);
});

test('reads the invoice again before a reminder leaves', async () => {
  const bench = await withInvoice();
  await bench.passUntil(DAY_3 - 1);
  expect(bench.questions()).toHaveLength(0);
  await bench.passUntil(DAY_3);
  expect(bench.questions()).toEqual([
    expect.objectContaining({
      entityType: 'invoice',
      entityId: 'sample-invoice',
      recheck: true,
      recheckToken: KEY_3,
      origin: 'timer',
      vendor: 'xero',
    }),
  ]);
  expect(bench.messages()).toHaveLength(0);
  await bench.take(answer({ amountDue: '50' }));
  expect(bench.bodies()).toEqual(['Please pay INV-1001: 50']);
  expect(bench.messages()[0]).toMatchObject({
    origin: 'timer',
    businessEvent: 'invoice/sample-invoice/overdue/3d',
  });
});

test('sends each reminder once, however often the answer comes', async () => {
  const bench = await withInvoice();
  await bench.passUntil(DAY_3);
  await bench.take(answer(), answer());
  await bench.pass(DAY);
  expect(bench.messages()).toHaveLength(1);
  expect(bench.trail()).not.toContain('duplicate/duplicate-of');
  await bench.passUntil(DAY_10);
  await bench.take(answer({}, KEY_10));
  expect(bench.messages()).toHaveLength(2);
  await bench.pass(30 * DAY);
  expect(bench.questions()).toHaveLength(2);
});

test('sends nothing when the invoice was paid meanwhile, and cancels what was still to come', async () => {
  const bench = await withInvoice();
  await bench.passUntil(DAY_3);
  await bench.take(answer({ status: 'paid', amountDue: '0' }));
  expect(bench.messages()).toHaveLength(0);
  expect(bench.trail().filter((told) => told === 'cancelled/paid-meanwhile')).toHaveLength(2);
  await bench.pass(30 * DAY);
  expect(bench.questions()).toHaveLength(1);
});

test.each([
  ['paid', { status: 'paid', amountDue: '0' }, 'paid-meanwhile'],
  ['credited in full', { amountDue: '0', amountCredited: '1250.5' }, 'paid-meanwhile'],
  ['voided', { status: 'voided' }, 'voided-meanwhile'],
])('cancels the reminders of an invoice that is %s, before they are due', async (_name, over, reason) => {
  const bench = await withInvoice();
  await bench.take(next(over));
  await bench.pass(40 * DAY);
  expect(bench.questions()).toHaveLength(0);
  expect(bench.trail().filter((told) => told === `cancelled/${reason}`)).toHaveLength(2);
});

test('cancels the reminders of an invoice that the vendor no longer has', async () => {
  const bench = await withInvoice();
  await bench.take(next({}, { invoice: null, deleted: true }));
  await bench.pass(40 * DAY);
  expect(bench.questions()).toHaveLength(0);
  expect(bench.trail()).toContain('cancelled/voided-meanwhile');
});

test('asks nothing when a reminder becomes due while the payment that cancels it is being handled', async () => {
  let release = (): void => undefined;
  let held = false;
  const inline = new InlineRenderer();
  const paidStep = overdueStep.replace(
    /id: overdue[\s\S]*to: customer/,
    'id: paid\n    when: invoice.paid\n    to: customer',
  );
  const bench = await MapperBench.start([overdueStep, paidStep], {
    render: async (request) => {
      held = true;
      await new Promise<void>((resolve) => (release = resolve));
      return inline.render(request);
    },
    close: () => inline.close(),
  });
  await bench.take(sampleContact(), next());
  bench.driver.send(topics.records, 'sample-books', next({ status: 'paid', amountDue: '0' }));
  await expect.poll(() => held).toBe(true);
  await bench.clock.advance(DAY_3 - bench.clock.now());
  release();
  await bench.settle();
  expect(bench.messages().map(({ flowStep }) => flowStep)).toEqual(['paid']);
  expect(bench.questions()).toHaveLength(0);
});

test('moves the reminders with the due date', async () => {
  const bench = await withInvoice();
  await bench.take(next({ dueDate: '2026-12-20' }));
  expect(scheduled(bench)).toEqual([DAY_3, DAY_10, DAY_3 + 15 * DAY, DAY_10 + 15 * DAY]);
  await bench.passUntil(DAY_10);
  expect(bench.questions()).toHaveLength(0);
  await bench.passUntil(DAY_3 + 15 * DAY);
  expect(bench.questions()).toHaveLength(1);
});

test('moves a reminder whose due date turns out to have moved only when it is about to leave', async () => {
  const bench = await withInvoice();
  await bench.passUntil(DAY_3);
  await bench.take(answer({ dueDate: '2026-12-20' }));
  expect(bench.messages()).toHaveLength(0);
  await bench.passUntil(DAY_3 + 15 * DAY);
  await bench.take(answer({ dueDate: '2026-12-20' }));
  expect(bench.messages()).toHaveLength(1);
});

test('asks again when no answer comes', async () => {
  const bench = await withInvoice();
  await bench.passUntil(DAY_3 + 9 * MINUTE);
  expect(bench.questions()).toHaveLength(1);
  await bench.passUntil(DAY_3 + 11 * MINUTE);
  expect(bench.questions()).toHaveLength(2);
  expect(new Set(bench.questions().map(({ noticeId }) => noticeId)).size).toBe(2);
  await bench.take(answer());
  expect(bench.messages()).toHaveLength(1);
  await bench.pass(DAY);
  expect(bench.questions()).toHaveLength(2);
});

test('gives a reminder up, visibly, when the invoice can never be read again', async () => {
  const bench = await withInvoice();
  await bench.passUntil(DAY_3 + 5 * DAY);
  expect(bench.questions()).toHaveLength(10);
  expect(bench.trail().at(-1)).toBe('skipped/not-rechecked');
  await bench.take(answer());
  expect(bench.messages()).toHaveLength(0);
});

test('keeps its reminders through a crash, and asks once for each', async () => {
  const bench = await withInvoice();
  await bench.driver.restart();
  await bench.passUntil(DAY_3);
  await bench.driver.restart();
  await bench.take(answer());
  expect(bench.messages()).toHaveLength(1);
  expect(bench.questions()).toHaveLength(1);
});

test('plans anew when the flow has changed, at the next touch of the invoice', async () => {
  const bench = await withInvoice();
  bench.applyFlow([overdueStep.replace('[3, 10]', '[5]')]);
  await bench.take(next({ reference: 'PO 78' }));
  expect(bench.trail().filter((told) => told === 'cancelled/flow-changed')).toHaveLength(2);
  expect(scheduled(bench).at(-1)).toBe(Date.UTC(2026, 11, 10, 9));
  await bench.passUntil(DAY_3);
  expect(bench.questions()).toHaveLength(0);
});

test('plans the reminders of a flow that came after the invoice', async () => {
  const bench = await MapperBench.start();
  await bench.take(sampleContact(), next());
  bench.applyFlow([overdueStep]);
  await bench.take(next({ reference: 'PO 78' }));
  expect(scheduled(bench)).toEqual([DAY_3, DAY_10]);
});

test('does not send a reminder of a step that the flow no longer has', async () => {
  const bench = await withInvoice();
  bench.applyFlow([overdueStep.replace('[3, 10]', '[5]')]);
  await bench.passUntil(DAY_3);
  await bench.take(answer());
  expect(bench.messages()).toHaveLength(0);
  expect(bench.trail()).toContain('cancelled/flow-changed');
});

test('says why a reminder does not come when its flow no longer parses', async () => {
  const bench = await withInvoice();
  bench.applyFlow(['\n  - nonsense']);
  await bench.passUntil(DAY_3);
  await bench.take(answer());
  expect(bench.trail()).toContain('skipped/flow-invalid');
  await bench.pass(30 * DAY);
  expect(bench.messages()).toHaveLength(0);
});

test('does not remind of what was overdue for long when it was first seen', async () => {
  const bench = await withInvoice({ dueDate: '2026-10-01' });
  expect(scheduled(bench)).toEqual([]);
  expect(bench.trail().filter((told) => told === 'skipped/too-late')).toHaveLength(2);
  await bench.take(next({ dueDate: '2026-10-01', reference: 'PO 78' }));
  expect(bench.trail().filter((told) => told === 'skipped/too-late')).toHaveLength(2);
});

test('does not repeat that nothing is new when it was only asked for the state', async () => {
  const bench = await withInvoice();
  const told = bench.trail().length;
  const kept = bench.entity('invoice', 'sample-invoice');
  if (kept) await bench.take({ ...kept, recheck: true });
  expect(bench.trail()).toHaveLength(told);
});

test('forgets an invoice long after it was closed, and one that was reopened not', async () => {
  const bench = await withInvoice();
  await bench.take(next({ status: 'paid', amountDue: '0' }));
  await bench.pass(34 * DAY);
  expect(bench.entity('invoice', 'sample-invoice')).toBeDefined();
  await bench.pass(2 * DAY);
  expect(bench.entity('invoice', 'sample-invoice')).toBeUndefined();
  await bench.take(next({ status: 'paid', amountDue: '0' }), next());
  await bench.pass(40 * DAY);
  expect(bench.entity('invoice', 'sample-invoice')).toBeDefined();
});
