import { expect, test } from 'vitest';
import { type MessageCommand, topics } from '#libs/contracts';
import { busyFor, failure, lostAnswer, tooMany } from './testing/fake-carrier.js';
import { SenderBench } from './testing/sender-bench.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

async function sendOne(changes: Partial<MessageCommand> = {}): Promise<{ bench: SenderBench; sid: string }> {
  const bench = await SenderBench.start();
  await bench.send(changes);
  return { bench, sid: bench.carrier.messages[0]?.messageSid ?? '' };
}

test('says once how delivery ended, and never goes back from it', async () => {
  const { bench, sid } = await sendOne();
  await bench.report(sid, 'sent');
  await bench.report(sid, 'delivered');
  await bench.report(sid, 'delivered');
  await bench.report(sid, 'sent');
  await bench.report(sid, 'undelivered', { errorCode: 30003 });
  expect(bench.trail()).toEqual(['sent', 'delivered']);
  expect(bench.outcomes()[1]).toMatchObject({
    step: 'deliver',
    commandId: 'c1',
    messageSid: sid,
    entityNumber: 'INV-1',
    recipient: '+44••••••••23',
  });
});

test('finds the command of a report that names only the message', async () => {
  const { bench, sid } = await sendOne();
  await bench.report(sid, 'delivered', { commandId: null });
  expect(bench.outcomes().at(-1)).toMatchObject({ status: 'delivered', commandId: 'c1' });
});

test('flags a permanent failure with its reason and does not send again', async () => {
  const { bench, sid } = await sendOne();
  await bench.report(sid, 'undelivered', { errorCode: 30007 });
  await bench.pass(12 * HOUR);
  expect(bench.trail()).toEqual(['sent', 'undelivered/filtered']);
  expect(bench.outcomes()[1]).toMatchObject({ errorCode: '30007', nextTryAt: null });
  expect(bench.carrier.calls).toHaveLength(1);
});

test('sends again after a failure that may pass, as often as the table says', async () => {
  const { bench } = await sendOne();
  for (let round = 0; round < 6; round += 1) {
    const sid = bench.carrier.messages.at(-1)?.messageSid ?? '';
    bench.carrier.setStatus(sid, 'undelivered', 30003);
    await bench.report(sid, 'undelivered', { errorCode: 30003 });
    await bench.pass(6 * HOUR);
  }
  expect(bench.carrier.messages).toHaveLength(3);
  expect(bench.trail()).toEqual([
    'sent',
    'undelivered/handset-unreachable',
    'sent',
    'undelivered/handset-unreachable',
    'sent',
    'undelivered/handset-unreachable',
  ]);
  expect(bench.outcomes().map(({ nextTryAt }) => nextTryAt !== null)).toEqual([
    false,
    true,
    false,
    true,
    false,
    false,
  ]);
  expect(bench.state()).toMatchObject({ status: 'final', command: '' });
});

test('waits before it sends again: half an hour or less, never at once', async () => {
  const { bench, sid } = await sendOne();
  await bench.report(sid, 'undelivered', { errorCode: 30003 });
  await bench.pass(14 * MINUTE);
  expect(bench.carrier.calls).toHaveLength(1);
  await bench.pass(17 * MINUTE);
  expect(bench.carrier.calls).toHaveLength(2);
});

test('sends again what did not arrive, also when that report is the first that is heard of the message', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: true, error: lostAnswer });
  await bench.send();
  const sid = bench.carrier.messages[0]?.messageSid ?? '';
  bench.carrier.setStatus(sid, 'undelivered', 30003);
  await bench.report(sid, 'undelivered', { errorCode: 30003 });
  await bench.pass(HOUR);
  expect(bench.carrier.messages).toHaveLength(2);
  expect(bench.trail().toSorted()).toEqual([
    'sent',
    'sent/proved-by-callback',
    'uncertain/lost-answer',
    'undelivered/handset-unreachable',
  ]);
});

test('does not send again in the quiet hours of the recipient, but when they are over', async () => {
  const bench = await SenderBench.start();
  const from = bench.clock.now() + MINUTE;
  await bench.send({ quietSpans: [{ from, until: from + 12 * HOUR }] });
  await bench.report(bench.carrier.messages[0]?.messageSid ?? '', 'undelivered', { errorCode: 30003 });
  await bench.pass(12 * HOUR);
  expect(bench.carrier.messages).toHaveLength(1);
  expect(bench.trail().at(-1)).toBe('parked/quiet-hours');
  await bench.pass(2 * MINUTE);
  expect(bench.carrier.messages).toHaveLength(2);
});

test('does not send again when the message arrived after all', async () => {
  const { bench, sid } = await sendOne();
  await bench.report(sid, 'undelivered', { errorCode: 30008 });
  await bench.report(sid, 'delivered');
  await bench.pass(10 * MINUTE);
  expect(bench.carrier.calls).toHaveLength(1);
});

test('does not send again when the message arrives while its repeat is made to wait', async () => {
  const { bench, sid } = await sendOne();
  await bench.report(sid, 'undelivered', { errorCode: 30008 });
  bench.carrier.next({ apply: false, error: busyFor(20 * MINUTE) });
  await bench.pass(5 * MINUTE);
  expect(bench.trail().at(-1)).toBe('parked/vendor-rate-limited');
  await bench.report(sid, 'delivered');
  await bench.pass(HOUR);
  expect(bench.carrier.messages).toHaveLength(1);
  expect(bench.trail().at(-1)).toBe('delivered');
  expect(bench.state()).toMatchObject({
    status: 'final',
    messageSid: sid,
    deliveryStatus: 'delivered',
    command: '',
  });
});

test('does not send again when the message arrives while its repeat is in doubt', async () => {
  const { bench, sid } = await sendOne();
  await bench.report(sid, 'undelivered', { errorCode: 30008 });
  bench.carrier.next({ apply: false, error: lostAnswer });
  bench.carrier.listError = tooMany;
  await bench.pass(5 * MINUTE);
  expect(bench.trail().at(-1)).toBe('uncertain/lost-answer');
  await bench.report(sid, 'delivered');
  bench.carrier.listError = undefined;
  await bench.pass(HOUR);
  expect(bench.carrier.messages).toHaveLength(1);
  expect(bench.state()).toMatchObject({ status: 'final', deliveryStatus: 'delivered', command: '' });
});

test('sends no third time, and takes no other way, when the first message arrives and the second does not', async () => {
  const { bench, sid } = await sendOne({ onFailure: ['email'] });
  await bench.report(sid, 'undelivered', { errorCode: 30008 });
  await bench.pass(5 * MINUTE);
  await bench.report(sid, 'delivered');
  await bench.pass(1);
  await bench.report(bench.carrier.messages[1]?.messageSid ?? '', 'undelivered', { errorCode: 30008 });
  await bench.pass(HOUR);
  expect(bench.carrier.messages).toHaveLength(2);
  expect(bench.outcomes().at(-1)).toMatchObject({ status: 'undelivered', nextTryAt: null });
  expect(bench.driver.sent(topics.failedMessages)).toEqual([]);
  expect(bench.state()).toMatchObject({ status: 'final', deliveryStatus: 'delivered' });
});

test('does not send again to somebody who has opted out meanwhile', async () => {
  const { bench, sid } = await sendOne();
  await bench.report(sid, 'undelivered', { errorCode: 30003 });
  await bench.hear('STOP');
  await bench.pass(12 * HOUR);
  expect(bench.carrier.calls).toHaveLength(1);
  expect(bench.trail().at(-1)).toBe('skipped/opted-out');
});

test('does not plan to send again after the time until which the message makes sense', async () => {
  const bench = await SenderBench.start();
  await bench.send({ notAfter: bench.clock.now() + MINUTE });
  await bench.report(bench.carrier.messages[0]?.messageSid ?? '', 'undelivered', { errorCode: 30003 });
  expect(bench.outcomes().at(-1)).toMatchObject({ status: 'undelivered', nextTryAt: null });
  await bench.pass(12 * HOUR);
  expect(bench.carrier.calls).toHaveLength(1);
});

test('asks for the delivery when no report came, and treats the answer as a report', async () => {
  const { bench, sid } = await sendOne();
  await bench.pass(14 * MINUTE);
  expect(bench.carrier.fetches).toBe(0);
  bench.carrier.setStatus(sid, 'delivered');
  await bench.pass(2 * MINUTE);
  expect(bench.carrier.fetches).toBe(1);
  await bench.pass(MINUTE);
  expect(bench.trail()).toEqual(['sent', 'delivered']);
});

test('asks nobody when the report came by itself, and forgets the text then', async () => {
  const { bench, sid } = await sendOne();
  await bench.report(sid, 'delivered');
  await bench.pass(16 * MINUTE);
  expect(bench.carrier.fetches).toBe(0);
  expect(bench.state()).toMatchObject({ status: 'final', deliveryStatus: 'delivered', command: '' });
});

test('asks again later when the carrier cannot be asked, and gives up after three days', async () => {
  const { bench } = await sendOne();
  bench.carrier.fetch = () => Promise.reject(failure({ code: 'vendor-unavailable', disposition: 'retry' }));
  await bench.pass(71 * HOUR);
  expect(bench.trail()).toEqual(['sent']);
  await bench.pass(2 * HOUR);
  expect(bench.trail()).toEqual(['sent', 'undetermined/no-receipt']);
  expect(bench.state()).toMatchObject({ status: 'final', command: '' });
});

test('still knows after its end that a command was sent', async () => {
  const { bench, sid } = await sendOne();
  await bench.report(sid, 'delivered');
  await bench.pass(HOUR);
  await bench.send();
  expect(bench.carrier.calls).toHaveLength(1);
  expect(bench.trail().at(-1)).toBe('duplicate/duplicate-of');
});

test('records the delivery of a message that it does not know', async () => {
  const bench = await SenderBench.start();
  await bench.report('SMunknown', 'delivered', { commandId: null });
  expect(bench.outcomes()).toEqual([
    expect.objectContaining({ status: 'delivered', messageSid: 'SMunknown', commandId: null }),
  ]);
});
