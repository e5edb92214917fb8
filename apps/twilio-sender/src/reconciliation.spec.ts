import { expect, test } from 'vitest';
import { topics } from '#libs/contracts';
import { failure, lostAnswer, tooMany } from './testing/fake-carrier.js';
import { aCommand, SenderBench, twilioConnection } from './testing/sender-bench.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const listAway = failure({ code: 'vendor-unavailable', disposition: 'retry', effect: 'none', status: 503 });

/** Starts a send whose process dies while it waits for the carrier's answer. */
async function crashDuringSend(apply: boolean): Promise<SenderBench> {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply, hang: true });
  bench.driver.send(topics.messages, 'tw1', aCommand());
  await expect.poll(() => bench.carrier.calls.length).toBe(1);
  await bench.driver.restart();
  await bench.driver.settle();
  return bench;
}

test('adopts the message that the carrier took before a reset', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: true, error: lostAnswer });
  await bench.send();
  expect(bench.trail()).toEqual(['uncertain/lost-answer']);
  await bench.pass(10 * SECOND);
  expect(bench.trail()).toEqual(['uncertain/lost-answer', 'sent/found-at-vendor']);
  await bench.pass(HOUR);
  expect(bench.carrier.messages).toHaveLength(1);
  expect(await bench.counted('message_uncertain_settled_total', { how: 'list' })).toBe(1);
});

test('sends a command whose process died after a refused repetition, before the next one was planned', async () => {
  let dies = true;
  const bench = await SenderBench.start((starting) => {
    if (dies && starting.carrier.calls.length === 2 && starting.state()?.status === 'released')
      throw new Error('dies');
  });
  bench.carrier.next({ apply: false, error: lostAnswer }, { apply: false, error: tooMany });
  await bench.send();
  await bench.pass(10 * SECOND);
  await expect(bench.pass(2 * MINUTE)).rejects.toThrow('dies');
  dies = false;
  expect(bench.state()?.status).toBe('released');
  await bench.driver.restart();
  await bench.pass(HOUR);
  expect(bench.carrier.messages).toHaveLength(1);
  expect(bench.state()?.status).toBe('sent');
});

test('asks for the delivery of a message that was found only after the first time to ask', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: true, error: lostAnswer });
  bench.carrier.listError = listAway;
  await bench.send();
  await bench.pass(20 * MINUTE);
  bench.carrier.listError = undefined;
  await bench.pass(2 * HOUR);
  expect(bench.trail()).toContain('sent/found-at-vendor');
  bench.carrier.setStatus(bench.carrier.messages[0]?.messageSid ?? '', 'delivered');
  await bench.pass(50 * HOUR);
  await bench.pass(50 * HOUR);
  expect(bench.state()).toMatchObject({ status: 'final', deliveryStatus: 'delivered', command: '' });
});

test('looks for the message by its command, where the carrier can find by that', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: true, error: lostAnswer });
  await bench.send();
  await bench.pass(10 * SECOND);
  const { commandId, to } = aCommand();
  expect(bench.carrier.searches[0]).toMatchObject({ to, commandId });
});

test('sends again under the same command once absence is shown, and not before the grace is over', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: false, error: lostAnswer });
  await bench.send();
  await bench.pass(59 * SECOND);
  expect(bench.carrier.calls).toHaveLength(1);
  await bench.pass(2 * SECOND);
  expect(bench.carrier.messages).toHaveLength(1);
  expect(bench.state()).toMatchObject({ status: 'sent', attempts: 2 });
  expect(bench.trail()).toEqual(['uncertain/lost-answer', 'sent']);
});

test('finds a message that appears in the list only late in the grace', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: false, error: lostAnswer });
  await bench.send();
  await bench.pass(30 * SECOND);
  bench.carrier.take(aCommand());
  await bench.pass(HOUR);
  expect(bench.carrier.calls).toHaveLength(1);
  expect(bench.trail()).toEqual(['uncertain/lost-answer', 'sent/found-at-vendor']);
});

test('looks for the message after a crash between call and outcome, and never sends it a second time', async () => {
  const bench = await crashDuringSend(true);
  expect(bench.trail()).toEqual(['uncertain/interrupted']);
  await bench.pass(HOUR);
  expect(bench.carrier.calls).toHaveLength(1);
  expect(bench.trail()).toEqual(['uncertain/interrupted', 'sent/found-at-vendor']);
});

test('sends after a crash between intent and call, when the carrier shows that nothing left', async () => {
  const bench = await crashDuringSend(false);
  await bench.pass(59 * SECOND);
  expect(bench.carrier.calls).toHaveLength(1);
  await bench.pass(10 * MINUTE);
  expect(bench.carrier.calls).toHaveLength(2);
  expect(bench.carrier.messages).toHaveLength(1);
  expect(bench.trail()).toEqual(['uncertain/interrupted', 'sent']);
});

test('finds its way on from a second crash while it sends again, without waiting for the delivery check', async () => {
  const bench = await crashDuringSend(false);
  bench.carrier.next({ apply: true, hang: true });
  void bench.driver.advance(2 * MINUTE).catch(() => undefined);
  await expect.poll(() => bench.carrier.calls.length).toBe(2);
  await bench.driver.restart();
  await bench.pass(2 * MINUTE);
  expect(bench.carrier.messages).toHaveLength(1);
  expect(bench.carrier.calls).toHaveLength(2);
  expect(bench.state()).toMatchObject({ status: 'sent' });
});

test('takes a status callback with the command for proof, even before the list was read', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: true, error: lostAnswer });
  bench.carrier.listError = listAway;
  await bench.send();
  await bench.report(bench.carrier.messages[0]?.messageSid ?? '', 'sent');
  await bench.pass(SECOND);
  expect(bench.trail()).toEqual(['uncertain/lost-answer', 'sent/proved-by-callback']);
  await bench.pass(12 * HOUR);
  expect(bench.carrier.calls).toHaveLength(1);
});

test('takes a callback that came during the crash for proof', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: true, hang: true });
  bench.driver.send(topics.messages, 'tw1', aCommand());
  await expect.poll(() => bench.carrier.calls.length).toBe(1);
  bench.carrier.listError = listAway;
  await bench.driver.restart();
  await bench.report(bench.carrier.messages[0]?.messageSid ?? '', 'delivered');
  await bench.pass(HOUR);
  expect(bench.carrier.calls).toHaveLength(1);
  expect(bench.trail()).toContain('sent/proved-by-callback');
  expect(bench.trail()).toContain('delivered');
});

test('does not adopt the message of another command with the same text', async () => {
  const bench = await SenderBench.start();
  await bench.send();
  bench.carrier.next({ apply: false, error: lostAnswer });
  await bench.send({ commandId: 'c2', body: aCommand().body });
  await bench.pass(2 * MINUTE);
  expect(bench.carrier.messages).toHaveLength(2);
  expect(bench.state('c2')?.messageSid).toBe(bench.carrier.messages[1]?.messageSid);
});

test('never repeats a message that cannot be looked for, when the flow says so, and still learns of it later', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: true, error: lostAnswer });
  bench.carrier.listError = listAway;
  await bench.send({ uncertainPolicy: 'never' });
  await bench.pass(24 * HOUR);
  expect(bench.trail()).toEqual(['uncertain/lost-answer', 'uncertain/never-repeat']);
  expect(bench.carrier.calls).toHaveLength(1);
  await bench.report(bench.carrier.messages[0]?.messageSid ?? '', 'delivered');
  await bench.pass(SECOND);
  expect(bench.trail()).toContain('sent/proved-by-callback');
});

test('leaves the decision to an operator when the flow says so', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: true, error: lostAnswer });
  bench.carrier.listError = listAway;
  await bench.send({ uncertainPolicy: 'ask' });
  await bench.pass(24 * HOUR);
  expect(bench.trail()).toEqual(['uncertain/lost-answer', 'uncertain/awaiting-decision']);
  expect(bench.carrier.calls).toHaveLength(1);
});

test('repeats after the minutes that the flow names, and counts the second message when the first turns up', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: true, error: lostAnswer });
  bench.carrier.listError = listAway;
  await bench.send({ uncertainPolicy: 'repeat-after:10' });
  await bench.pass(10 * MINUTE - SECOND);
  expect(bench.carrier.calls).toHaveLength(1);
  await bench.pass(5 * SECOND);
  expect(bench.carrier.calls).toHaveLength(2);
  await bench.report(bench.carrier.messages[0]?.messageSid ?? '', 'sent');
  await bench.pass(SECOND);
  expect(bench.trail()).toEqual(['uncertain/lost-answer', 'sent', 'sent/surplus-message']);
  expect(await bench.counted('message_surplus_total')).toBe(1);
});

test('reads again what must be so before it sends after a doubt', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: false, error: lostAnswer });
  await bench.send();
  await bench.hear('STOP');
  await bench.pass(HOUR);
  expect(bench.carrier.calls).toHaveLength(1);
  expect(bench.trail().at(-1)).toBe('skipped/opted-out');
});

test('keeps a doubt open while the connection is paused', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: true, error: lostAnswer });
  await bench.send();
  bench.connection = { ...twilioConnection, status: 'paused' };
  await bench.pass(HOUR);
  expect(bench.trail()).toEqual(['uncertain/lost-answer']);
  bench.connection = twilioConnection;
  await bench.pass(HOUR);
  expect(bench.trail()).toEqual(['uncertain/lost-answer', 'sent/found-at-vendor']);
});

test('gives up on no doubt because the connection was paused: only looks count', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: true, error: lostAnswer });
  await bench.send();
  bench.connection = { ...twilioConnection, status: 'paused' };
  for (let hour = 0; hour < 12; hour += 1) await bench.pass(HOUR);
  bench.connection = twilioConnection;
  bench.carrier.listError = listAway;
  await bench.pass(5 * MINUTE);
  bench.carrier.listError = undefined;
  await bench.pass(HOUR);
  expect(bench.trail()).toEqual(['uncertain/lost-answer', 'sent/found-at-vendor']);
});

test('ends a doubt when its connection was removed, and keeps no text of it', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: true, error: lostAnswer });
  await bench.send();
  bench.connection = { ...twilioConnection, status: 'disconnected' };
  await bench.pass(HOUR);
  expect(bench.trail()).toEqual(['uncertain/lost-answer', 'undetermined/disconnected']);
  expect(bench.state()).toMatchObject({ status: 'final', deliveryStatus: 'undetermined', command: '' });
});

test('waits and tries again when the repeat is answered with too many requests', async () => {
  const bench = await SenderBench.start();
  const busy = failure({ code: 'vendor-rate-limited', disposition: 'park', status: 429 });
  bench.carrier.next({ apply: false, error: lostAnswer }, { apply: false, error: busy });
  await bench.send();
  await bench.pass(HOUR);
  expect(bench.trail()).toEqual(['uncertain/lost-answer', 'parked/vendor-rate-limited', 'sent']);
  expect(bench.carrier.messages).toHaveLength(1);
});
