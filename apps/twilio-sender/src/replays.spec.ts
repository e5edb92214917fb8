import { expect, test } from 'vitest';
import { headerNames, type ReplayMode, topics } from '#libs/contracts';
import { busyFor, lostAnswer, tooMany } from './testing/fake-carrier.js';
import { aCommand, SenderBench, twilioConnection } from './testing/sender-bench.js';

async function replay(bench: SenderBench, mode: ReplayMode): Promise<void> {
  const command = aCommand();
  bench.driver.send(topics.messages, command.connectionId, command, {
    [headerNames.replayId]: 'r1',
    [headerNames.replayMode]: mode,
  });
  await bench.driver.settle();
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test('a replayed command is not sent twice', async () => {
  const bench = await SenderBench.start();
  await bench.send();
  await replay(bench, 'normal');
  expect(bench.carrier.messages).toHaveLength(1);
});

test('a dry run sends nothing and says what would be sent and what was', async () => {
  const bench = await SenderBench.start();
  await replay(bench, 'dry-run');
  expect(bench.carrier.calls).toHaveLength(0);
  expect(bench.trail()).toEqual(['would-sent']);

  await bench.send();
  await replay(bench, 'dry-run');
  expect(bench.carrier.messages).toHaveLength(1);
  expect(bench.trail().at(-1)).toBe('would-duplicate/duplicate-of');
});

test('a forced replay sends once more, once', async () => {
  const bench = await SenderBench.start();
  await bench.send();
  await replay(bench, 'forced');
  await replay(bench, 'forced');
  expect(bench.carrier.messages).toHaveLength(2);
});

test('a forced replay of a command in doubt is its only repetition, and the trail says that it may have left twice', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: false, error: lostAnswer });
  bench.carrier.listError = tooMany;
  await bench.send();
  await bench.pass(10 * MINUTE);
  await replay(bench, 'forced');
  bench.carrier.listError = undefined;
  await bench.pass(2 * HOUR);
  expect(bench.carrier.messages).toHaveLength(1);
  expect(bench.trail()).toEqual(['uncertain/lost-answer', 'skipped/resent-by-operator', 'sent']);
  expect(bench.outcomes()[1]).toMatchObject({ commandId: 'c1', detail: expect.stringContaining('twice') });
});

test('a command in doubt that is resent stays ended while the resend itself must wait', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: false, error: lostAnswer }, { apply: false, error: busyFor(HOUR) });
  await bench.send();
  await replay(bench, 'forced');
  await bench.pass(3 * HOUR);
  expect(bench.carrier.messages).toHaveLength(1);
  expect(bench.trail()).toEqual([
    'uncertain/lost-answer',
    'skipped/resent-by-operator',
    'parked/vendor-rate-limited',
    'sent',
  ]);
});

test('a forced replay takes the place of a repeat that is planned', async () => {
  const bench = await SenderBench.start();
  await bench.send();
  await bench.report(bench.carrier.messages[0]?.messageSid ?? '', 'undelivered', { errorCode: 30003 });
  await replay(bench, 'forced');
  await bench.pass(HOUR);
  expect(bench.carrier.messages).toHaveLength(2);
  expect(bench.trail()).toContain('skipped/resent-by-operator');
});

test('a forced replay that waited behind its parked original is dropped when that one has been sent', async () => {
  const bench = await SenderBench.start();
  bench.connection = { ...twilioConnection, status: 'paused' };
  await bench.send();
  await replay(bench, 'forced');
  bench.connection = twilioConnection;
  await bench.pass(HOUR);
  expect(bench.carrier.messages).toHaveLength(1);
  expect(bench.trail().slice(-2)).toEqual(['sent', 'skipped/sent-meanwhile']);
});

test('a forced replay that waited behind its original goes out when that one was refused', async () => {
  const bench = await SenderBench.start();
  bench.connection = { ...twilioConnection, status: 'paused' };
  await bench.send({ notAfter: bench.clock.now() + MINUTE });
  await replay(bench, 'forced');
  bench.connection = twilioConnection;
  await bench.pass(HOUR);
  expect(bench.carrier.messages).toHaveLength(1);
  expect(bench.trail().slice(-2)).toEqual(['skipped/too-late', 'sent']);
});
