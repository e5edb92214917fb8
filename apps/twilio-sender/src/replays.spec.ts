import { expect, test } from 'vitest';
import { headerNames, type ReplayMode, topics } from '#libs/contracts';
import { aCommand, SenderBench } from './testing/sender-bench.js';

async function replay(bench: SenderBench, mode: ReplayMode): Promise<void> {
  const command = aCommand();
  bench.driver.send(topics.messages, command.connectionId, command, {
    [headerNames.replayId]: 'r1',
    [headerNames.replayMode]: mode,
  });
  await bench.driver.settle();
}

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
