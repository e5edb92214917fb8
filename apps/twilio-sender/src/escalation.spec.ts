import { expect, test } from 'vitest';
import { headerNames, type MessageCommand, topics } from '#libs/contracts';
import { refusal } from './testing/fake-carrier.js';
import { aCommand, SenderBench } from './testing/sender-bench.js';

const HOUR = 3_600_000;

const toStaff = aCommand({
  commandId: 'f-staff',
  channel: 'email',
  to: 'desk@example.com',
  recipientKind: 'staff',
  body: 'Could not be reached',
});
const byEmail = aCommand({ commandId: 'f-email', channel: 'email', to: 'ann@example.com' });
const onFailure = [byEmail, toStaff].map((command) => JSON.stringify(command));

/** What the sender has put on its own input, in order; `c…` are the commands of the tests. */
function emitted(bench: SenderBench): MessageCommand[] {
  return bench.driver.sent(topics.messages).filter(({ commandId }) => !/^c\d$/.test(commandId));
}

async function sent(bench: SenderBench): Promise<string[]> {
  await bench.pass(1_000);
  return bench.carrier.messages.map(({ to }) => to);
}

test('a refused message goes another way, each way once', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: false, error: refusal(21211) });
  await bench.send({ onFailure });
  expect(await sent(bench)).toEqual(['ann@example.com', 'desk@example.com']);
  expect(bench.trail().slice(0, 3)).toEqual([
    'failed/invalid-number',
    'escalated/invalid-number',
    'escalated/invalid-number',
  ]);
  expect(bench.outcomes()[1]).toMatchObject({ commandId: 'c1', recipient: '+44••••••••23' });
  await bench.send({ onFailure });
  expect(await sent(bench)).toHaveLength(2);
  expect(await bench.counted('message_escalations_total', { kind: 'staff' })).toBe(1);
});

test('a message that did not arrive goes another way only when it is not tried again', async () => {
  const bench = await SenderBench.start();
  await bench.send({ onFailure });
  for (let round = 1; round <= 3; round += 1) {
    expect(emitted(bench)).toEqual([]);
    const sid = bench.carrier.messages.at(-1)?.messageSid ?? '';
    bench.carrier.setStatus(sid, 'undelivered', 30003);
    await bench.report(sid, 'undelivered', { errorCode: 30003 });
    if (round < 3) await bench.pass(6 * HOUR);
  }
  expect(emitted(bench).map(({ commandId }) => commandId)).toEqual(['f-email', 'f-staff']);
  expect(await sent(bench)).toContain('desk@example.com');
});

test('somebody who has opted out is not written to on another channel; a colleague hears of it', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: false, error: refusal(21610) });
  await bench.send({ onFailure });
  await bench.send({ commandId: 'c2', onFailure: [JSON.stringify({ ...toStaff, commandId: 'f-2' })] });
  expect(emitted(bench).map(({ commandId }) => commandId)).toEqual(['f-staff', 'f-2']);
  expect(bench.trail()).toContain('escalated/opted-out');
});

test('without a rule a failure stays where it is shown', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: false, error: refusal(21211) });
  await bench.send();
  expect(emitted(bench)).toEqual([]);
  expect(bench.trail()).toEqual(['failed/invalid-number']);
});

test('a failed message that an operator resends goes out again, and so does what replaces it', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: false, error: refusal(21211) }, { apply: true }, { apply: true });
  await bench.send({ onFailure });
  expect(await sent(bench)).toHaveLength(2);
  bench.carrier.next({ apply: false, error: refusal(21211) });
  bench.driver.send(topics.messages, 'tw1', aCommand({ onFailure }), {
    [headerNames.replayId]: 'r1',
    [headerNames.replayMode]: 'forced',
  });
  await bench.settle();
  expect(await sent(bench)).toHaveLength(4);
  const [again] = emitted(bench).slice(2);
  expect(again).toMatchObject({ resendOf: 'f-email', origin: 'replay' });
});
