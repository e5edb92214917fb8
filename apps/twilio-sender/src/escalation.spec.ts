import { expect, test } from 'vitest';
import { type FailedMessage, headerNames, topics } from '#libs/contracts';
import { refusal } from './testing/fake-carrier.js';
import { aCommand, SenderBench } from './testing/sender-bench.js';

const HOUR = 3_600_000;
const onFailure = ['email'];

/** What the mapper is told of messages that have another way. */
function failures(bench: SenderBench): FailedMessage[] {
  return bench.driver.sent(topics.failedMessages);
}

test('a refused message whose flow has another way is told to the mapper, once', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: false, error: refusal(21211) });
  await bench.send({ onFailure });
  await bench.send({ onFailure });
  expect(failures(bench)).toEqual([
    expect.objectContaining({
      commandId: 'c1',
      connectionId: 'x1',
      vendor: 'xero',
      to: '+447700900123',
      reason: 'invalid-number',
      onlyStaff: false,
      resendOf: null,
    }),
  ]);
  expect(bench.trail().slice(0, 2)).toEqual(['failed/invalid-number', 'escalated/invalid-number']);
  expect(bench.outcomes()[1]).toMatchObject({ commandId: 'c1', recipient: '+44••••••••23' });
  expect(await bench.counted('message_escalations_total', { kind: 'customer' })).toBe(1);
});

test('a message that did not arrive goes another way only when it is not tried again', async () => {
  const bench = await SenderBench.start();
  await bench.send({ onFailure });
  for (let round = 1; round <= 3; round += 1) {
    expect(failures(bench)).toEqual([]);
    const sid = bench.carrier.messages.at(-1)?.messageSid ?? '';
    bench.carrier.setStatus(sid, 'undelivered', 30003);
    await bench.report(sid, 'undelivered', { errorCode: 30003 });
    if (round < 3) await bench.pass(6 * HOUR);
  }
  expect(failures(bench)).toHaveLength(1);
});

test('of somebody who has opted out only colleagues may hear', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: false, error: refusal(21610) });
  await bench.send({ onFailure });
  await bench.send({ commandId: 'c2', onFailure });
  expect(failures(bench).map(({ commandId, onlyStaff }) => [commandId, onlyStaff])).toEqual([
    ['c1', true],
    ['c2', true],
  ]);
  expect(bench.trail()).toContain('escalated/opted-out');
});

test.each([21610, 30004])('a report of code %i is an opt-out like a refused send', async (errorCode) => {
  const bench = await SenderBench.start();
  await bench.send({ onFailure });
  await bench.report(bench.carrier.messages[0]?.messageSid ?? '', 'undelivered', { errorCode });
  await bench.send({ commandId: 'c2' });
  expect(failures(bench).map(({ commandId, onlyStaff }) => [commandId, onlyStaff])).toEqual([['c1', true]]);
  expect(bench.trail().at(-1)).toBe('skipped/opted-out');
  expect(bench.carrier.calls).toHaveLength(1);
  expect(await bench.counted('message_opt_outs_total', { source: 'delivery-report' })).toBe(1);
});

test('without a rule a failure stays where it is shown', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: false, error: refusal(21211) });
  await bench.send();
  expect(failures(bench)).toEqual([]);
  expect(bench.trail()).toEqual(['failed/invalid-number']);
});

test('a failed message that an operator resends names the one that it stands for when it fails again', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: false, error: refusal(21211) }, { apply: false, error: refusal(21211) });
  await bench.send({ onFailure });
  bench.driver.send(topics.messages, 'tw1', aCommand({ onFailure }), {
    [headerNames.replayId]: 'r1',
    [headerNames.replayMode]: 'forced',
  });
  await bench.settle();
  const [first, again] = failures(bench);
  expect(again).toMatchObject({ resendOf: 'c1', origin: 'replay' });
  expect(again?.commandId).not.toBe(first?.commandId);
});
