import { expect, test } from 'vitest';
import { type AccountingRecord, type FailedMessage, type Invoice, topics } from '#libs/contracts';
import { sampleContact, sampleInvoice } from '#libs/flows';
import { issuedStep, MapperBench } from './testing/mapper-bench.js';

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 10, 21, 12);
const STAFF = 'staff: { desk: { emails: ["desk@example.com"] } }';
const step = `${issuedStep}
    onFailure:
      to: [customer, { staff: desk }]
      channel: email
      template: { text: "{{ invoice.amountDue }} open", subject: s }`;
const contact = sampleContact({ email: 'rowan@example.com' });

let versions = 0;

function next(over: Partial<Invoice> = {}, around: Partial<AccountingRecord> = {}): AccountingRecord {
  versions += 1;
  const record = sampleInvoice(over);
  const version = record.version + versions;
  return { ...record, version, recordId: `o${versions}`, contentHash: `content ${versions}`, ...around };
}

/** The mapper after a message has left, with the flow's head, and what the carrier's failure of it is told as. */
async function sent(head = ''): Promise<{ bench: MapperBench; failed: FailedMessage }> {
  const bench = await MapperBench.start([step], undefined, [STAFF, head].join('\n').trim());
  await bench.take(contact, next());
  await bench.pass(1);
  const [command] = bench.messages();
  if (!command) throw new Error('no message');
  expect(command.onFailure).toEqual(['email']);
  const { sourceConnectionId: connectionId, sourceVendor: vendor, ...rest } = command;
  const failed = { ...rest, connectionId, vendor, reason: 'invalid-number', onlyStaff: false };
  return { bench, failed: { ...failed, failedAt: bench.clock.now() } };
}

async function fail(bench: MapperBench, failed: FailedMessage): Promise<void> {
  bench.driver.send(topics.failedMessages, failed.connectionId, failed);
  await bench.settle();
}

/** The fetcher's answer to the last question. */
async function answer(bench: MapperBench, over: Partial<Invoice> = {}): Promise<void> {
  const token = bench.questions().at(-1)?.recheckToken ?? '';
  await bench.take(next(over, { recheck: true, recheckTokens: [token], origin: 'timer' }));
  await bench.pass(1);
}

/** Addresses of everything but the first message. */
function others(bench: MapperBench): string[] {
  return bench
    .messages()
    .slice(1)
    .map(({ to }) => to);
}

test('what goes out instead is decided on the state that is read for it, and leaves once', async () => {
  const { bench, failed } = await sent();
  await fail(bench, failed);
  expect(bench.questions()).toMatchObject([{ entityType: 'invoice', recheck: true }]);
  expect(bench.trail().at(-1)).toBe('rechecking/message-failed');
  expect(others(bench)).toEqual([]);
  await bench.driver.restart();
  await answer(bench, { amountDue: '40' });
  expect(others(bench)).toEqual(['rowan@example.com', 'desk@example.com']);
  expect(bench.bodies().at(-1)).toBe('40 open');
  await fail(bench, failed);
  await answer(bench);
  expect(others(bench)).toHaveLength(2);
});

test.each([
  ['paid', { status: 'paid', amountDue: '0' }, 'skipped/paid-meanwhile'],
  ['voided', { status: 'voided' }, 'skipped/voided-meanwhile'],
])('nothing goes out instead for what was %s meanwhile', async (_, over, outcome) => {
  const { bench, failed } = await sent();
  await fail(bench, failed);
  await answer(bench, over);
  expect(others(bench)).toEqual([]);
  expect(bench.trail()).toContain(outcome);
});

test('it waits in quiet hours and is read once more when they are over; colleagues hear at once', async () => {
  const { bench, failed } = await sent();
  bench.applyFlow([step], {}, `${STAFF}\nquietHours: { from: "08:30", to: "12:00", channels: [sms, email] }`);
  await fail(bench, failed);
  await answer(bench);
  expect(others(bench)).toEqual(['desk@example.com']);
  expect(bench.outcomes().filter(({ status }) => status === 'deferred')).toMatchObject([
    { reason: 'quiet-hours', nextTryAt: NOON, channel: 'email' },
  ]);
  await bench.driver.restart();
  await bench.passUntil(NOON);
  expect(bench.questions()).toHaveLength(2);
  await answer(bench, { amountDue: '7' });
  expect(others(bench)).toEqual(['desk@example.com', 'rowan@example.com']);
  expect(bench.bodies().at(-1)).toBe('7 open');
});

test('it counts for the daily cap and waits for the next morning; colleagues are never capped', async () => {
  const { bench, failed } = await sent('dailyCap: 1');
  await fail(bench, failed);
  await answer(bench);
  expect(others(bench)).toEqual(['desk@example.com']);
  const morning = Date.UTC(2026, 10, 22, 9);
  expect(bench.outcomes().filter(({ status }) => status === 'deferred')).toMatchObject([
    { reason: 'daily-cap', nextTryAt: morning },
  ]);
  await bench.passUntil(morning);
  await answer(bench);
  expect(others(bench)).toEqual(['desk@example.com', 'rowan@example.com']);
});

test('beyond a cap that skips, the trail says so and nothing comes later', async () => {
  const { bench, failed } = await sent('dailyCap: 1\nbeyondCap: skip');
  await fail(bench, failed);
  await answer(bench);
  expect(bench.trail()).toContain('skipped/daily-cap');
  const asked = bench.questions().length;
  await bench.pass(48 * HOUR);
  expect(bench.questions()).toHaveLength(asked);
});

test('asks again when no answer comes, and gives up visibly', async () => {
  const { bench, failed } = await sent();
  await fail(bench, failed);
  for (let hour = 0; hour < 60; hour += 1) await bench.pass(HOUR);
  expect(bench.questions()).toHaveLength(10);
  expect(bench.trail().at(-1)).toBe('skipped/not-rechecked');
});

test('says so when the flow has no other way by then', async () => {
  const { bench, failed } = await sent();
  bench.applyFlow([issuedStep]);
  await fail(bench, failed);
  await answer(bench);
  expect(others(bench)).toEqual([]);
  expect(bench.trail()).toContain('skipped/flow-changed');
});
