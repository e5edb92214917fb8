import assert from 'node:assert/strict';
import type { RawOutput } from '../../log/raw-record.js';
import type { TaskLog, TaskLogFactory } from '../../log/task-log.js';

/** A log as the scenarios see it: the double in memory, the simulated broker or a real one. */
export interface LogUnderTest {
  /** Task logs of one service, as another process of it would open them. */
  process(): TaskLogFactory;
  /** Names of topics that are there and empty. */
  readonly input: string;
  readonly output: string;
  readonly changelog: string;
}

/** Something that every log must do. Plays on partition 0 and throws where the log does otherwise. */
export interface LogScenario {
  readonly name: string;
  play(log: LogUnderTest): Promise<void>;
}

const PARTITION = 0;

/** What the runtime relies on in a log. The same list runs on the doubles and on Kafka, so that the doubles cannot lie. */
export const logScenarios: readonly LogScenario[] = [
  {
    name: 'a new owner finds what was committed: state, positions and their metadata',
    play: async (log) => {
      const first = await log.process().open(PARTITION);
      assert.deepEqual(await first.positions([log.input]), []);
      await first.commit({
        records: [entry(log, 'a', '1')],
        positions: [{ topic: log.input, offset: 7, metadata: '2-3' }],
      });
      await first.close();
      const second = await log.process().open(PARTITION);
      assert.deepEqual(await second.positions([log.input]), [
        { topic: log.input, offset: 7, metadata: '2-3' },
      ]);
      assert.deepEqual(await restored(second, log), [['a', '1']]);
      await second.close();
    },
  },
  {
    name: 'a former owner cannot commit any more, and nothing of what it tried is seen',
    play: async (log) => {
      const former = await log.process().open(PARTITION);
      await former.commit({ records: [entry(log, 'a', '1')], positions: [] });
      const owner = await log.process().open(PARTITION);
      await assert.rejects(former.commit({ records: [entry(log, 'a', 'zombie')], positions: [] }));
      await owner.commit({ records: [entry(log, 'b', '2')], positions: [] });
      const reader = await log.process().open(PARTITION);
      assert.deepEqual(await restored(reader, log), [
        ['a', '1'],
        ['b', '2'],
      ]);
      await former.close();
      await owner.close();
      await reader.close();
    },
  },
  {
    name: 'a changelog comes back in order, with tombstones, and from any offset',
    play: async (log) => {
      const writer = await log.process().open(PARTITION);
      const ends = await writer.commit({
        records: [entry(log, 'a', '1'), entry(log, 'b', '2'), entry(log, 'a', null)],
        positions: [],
      });
      await writer.commit({ records: [entry(log, 'b', '3')], positions: [] });
      assert.deepEqual(await restored(writer, log), [
        ['a', '1'],
        ['b', '2'],
        ['a', null],
        ['b', '3'],
      ]);
      assert.deepEqual(await restored(writer, log, ends.get(log.changelog)), [['b', '3']]);
      const { start, end } = await writer.bounds(log.changelog);
      assert.ok(start === 0 && end >= 4);
      await writer.close();
    },
  },
  {
    name: 'a closed log commits nothing',
    play: async (log) => {
      const closed = await log.process().open(PARTITION);
      await closed.close();
      await assert.rejects(closed.commit({ records: [entry(log, 'a', '1')], positions: [] }));
      const reader = await log.process().open(PARTITION);
      assert.deepEqual(await restored(reader, log), []);
      await reader.close();
    },
  },
  {
    name: 'a later commit moves the position, and leaves that of other inputs alone',
    play: async (log) => {
      const task = await log.process().open(PARTITION);
      await task.commit({ records: [], positions: [{ topic: log.input, offset: 1, metadata: '' }] });
      await task.commit({
        records: [{ ...entry(log, 'a', '1'), topic: log.output }],
        positions: [{ topic: log.output, offset: 5, metadata: '' }],
      });
      await task.commit({ records: [], positions: [{ topic: log.input, offset: 4, metadata: '1' }] });
      await task.close();
      const next = await log.process().open(PARTITION);
      assert.deepEqual(await next.positions([log.input, log.output]), [
        { topic: log.input, offset: 4, metadata: '1' },
        { topic: log.output, offset: 5, metadata: '' },
      ]);
      await next.close();
    },
  },
];

function entry({ changelog }: LogUnderTest, key: string, value: string | null): RawOutput {
  return {
    topic: changelog,
    partition: PARTITION,
    key: Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    headers: [],
  };
}

async function restored(log: TaskLog, { changelog }: LogUnderTest, from = 0) {
  const found: (readonly [string | undefined, string | null])[] = [];
  await log.restore(changelog, from, (records) => {
    found.push(...records.map(({ key, value }) => [key?.toString(), value?.toString() ?? null] as const));
  });
  return found;
}
