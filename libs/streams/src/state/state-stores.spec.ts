import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runtimeStores, timerSchema } from '#libs/contracts';
import { ManualClock } from '#libs/core';
import type { RawOutput } from '../log/raw-record.js';
import type { TaskLog } from '../log/task-log.js';
import { MemoryBroker } from '../testing/memory-broker.js';
import { MemoryCodec } from '../testing/memory-codec.js';
import { DiskStateStore } from './disk-state-store.js';
import { MemoryStateStore } from './memory-state-store.js';
import { StateDatabase } from './state-database.js';
import { changelogOf, TaskState } from './task-state.js';

const HOUR = 3_600_000;
const store = runtimeStores.timers;
const topic = changelogOf('service', store);
const codec = new MemoryCodec();
let folder: string;
let file: string;
let clock: ManualClock;
let broker: MemoryBroker;
let read: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ledgerwire-state-'));
  file = join(folder, 'service.0.sqlite');
  clock = new ManualClock(1_000_000);
  broker = new MemoryBroker(1, clock);
  read = 0;
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function valueOf(name: string): Buffer {
  return codec.encode(
    { ...topic, schema: timerSchema },
    { name, key: name, fireAt: 1, lane: 'l', payload: '1' },
  );
}

async function openState(database: StateDatabase | undefined): Promise<{ state: TaskState; log: TaskLog }> {
  const log = await broker.taskLogs('service').open(0);
  const counting: TaskLog = {
    ...log,
    restore: (name, from, onRecords) =>
      log.restore(name, from, (records) => {
        read += records.length;
        onRecords(records);
      }),
  };
  const state = new TaskState({
    service: 'service',
    log: counting,
    clock,
    database,
    learn: (value) => codec.learn(value),
    knows: (value) => codec.knows(value),
    restored: () => undefined,
  });
  await state.restore([store]);
  return { state, log };
}

/** Writes as a task does: visible at once, committed in the log, then kept. */
async function write(
  { state, log }: { state: TaskState; log: TaskLog },
  entries: readonly (readonly [key: string, value: Buffer | undefined])[],
): Promise<void> {
  const records: RawOutput[] = entries.map(([key, value]) => {
    state.storeOf(store.name).set(key, value, clock.now());
    return { topic: topic.name, partition: 0, key: Buffer.from(key), value: value ?? null, headers: [] };
  });
  state.committed(records, await log.commit({ records, positions: [] }));
}

it('a store on disk shows the same as one in memory, whatever is committed and whatever is not yet', () => {
  const key = fc.constantFrom('a', 'a\u0000b', 'ab', 'b', 'é', '\u{1f600}');
  const change = fc.record({ key, value: fc.option(fc.nat(9)), commit: fc.boolean() });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const database = new StateDatabase(join(folder, 'model.sqlite'));
      try {
        const disk = new DiskStateStore(topic, database, 'timers');
        const memory = new MemoryStateStore(topic);
        for (const { key: name, value, commit } of changes) {
          const bytes = value === null ? undefined : Buffer.from([value]);
          disk.set(name, bytes);
          memory.set(name, bytes, 1);
          if (commit) {
            disk.write(name, bytes, 1);
            disk.kept(name, bytes);
          }
          expect(disk.get(name)).toEqual(memory.get(name));
        }
        for (const prefix of ['', 'a']) {
          expect([...disk.range(prefix)]).toEqual([...memory.range(prefix)]);
        }
      } finally {
        database.discard();
      }
    }),
    { numRuns: 40 },
  );
});

it('a restart reads only what the file lacks', async () => {
  const first = new StateDatabase(file);
  const before = await openState(first);
  await write(before, [
    ['a', valueOf('a')],
    ['b', valueOf('b')],
    ['a', undefined],
  ]);
  before.state.close();
  broker.append({ topic: topic.name, partition: 0, key: Buffer.from('c'), value: valueOf('c'), headers: [] });

  read = 0;
  const second = new StateDatabase(file);
  const { state } = await openState(second);
  expect(read).toBe(1);
  expect([...state.storeOf(store.name).range('')].map(([key]) => key)).toEqual(['b', 'c']);
  second.close();
});

it('a process that is killed before its last transactions are in the file reads them from the changelog', async () => {
  const killed = new StateDatabase(file);
  const before = await openState(killed);
  await write(before, [['a', valueOf('a')]]);
  await clock.advance(HOUR);
  await write(before, [
    ['b', valueOf('b')],
    ['a', undefined],
  ]);
  expect([...before.state.storeOf(store.name).range('')].map(([key]) => key)).toEqual(['b']);
  killed.close();

  read = 0;
  const { state } = await openState(new StateDatabase(file));
  expect(read).toBe(2);
  expect([...state.storeOf(store.name).range('')].map(([key]) => key)).toEqual(['b']);
  state.close();
});

it('many changes are written to the file at once, without waiting', async () => {
  const killed = new StateDatabase(file);
  const before = await openState(killed);
  await write(
    before,
    Array.from({ length: 1_000 }, (_, i) => [String(i), valueOf(String(i))] as const),
  );
  killed.close();

  read = 0;
  const { state } = await openState(new StateDatabase(file));
  expect(read).toBe(0);
  expect(state.storeOf(store.name).size).toBe(1_000);
  state.close();
});

it('a file that cannot be written is told to the transaction after it', async () => {
  const database = new StateDatabase(file);
  const before = await openState(database);
  await write(before, [['a', valueOf('a')]]);
  database.close();
  await clock.advance(HOUR);
  await expect(write(before, [['b', valueOf('b')]])).rejects.toThrow(/not open/);
  before.state.close();
});

it('of several changes of an entry in one transaction the last one is written, and everything else as it was', async () => {
  const { state } = await openState(undefined);
  const output = (key: string): RawOutput => ({
    topic: 'elsewhere',
    key: Buffer.from(key),
    value: valueOf(key),
    headers: [],
  });
  const change = (key: string, value: Buffer | null): RawOutput => ({
    topic: topic.name,
    partition: 0,
    key: Buffer.from(key),
    value,
    headers: [],
  });
  const records = [
    change('a', valueOf('1')),
    output('a'),
    change('b', valueOf('b')),
    output('a'),
    change('c', valueOf('c')),
    change('a', valueOf('2')),
    change('c', null),
  ];
  const kept = [1, 2, 3, 5, 6];
  expect(state.withoutOvertaken(records)).toEqual(kept.map((index) => records[index]));
});

it('changes that were never committed are gone after a restart', async () => {
  const first = new StateDatabase(file);
  const { state } = await openState(first);
  state.storeOf(store.name).set('a', valueOf('a'), 1);
  first.close();

  const second = new StateDatabase(file);
  const after = await openState(second);
  expect(after.state.storeOf(store.name).get('a')).toBeUndefined();
  second.close();
});

it.each([
  ['is missing', () => rmSync(file)],
  ['is torn', () => writeFileSync(file, 'SQLite format 3\u0000and then nothing that makes sense')],
  [
    'is something else',
    () => writeFileSync(file, 'not a database at all, but long enough to be looked at'.repeat(99)),
  ],
])('a file that %s is built anew from the changelog', async (_what, damage) => {
  const before = await openState(new StateDatabase(file));
  await write(before, [['a', valueOf('a')]]);
  before.state.close();
  damage();

  read = 0;
  const second = new StateDatabase(file);
  const { state } = await openState(second);
  expect(state.storeOf(store.name).get('a')).toEqual(valueOf('a'));
  expect(read).toBe(1);
  second.close();
});

it('an old file is not built upon when others have written since: tombstones may be gone', async () => {
  const before = await openState(new StateDatabase(file));
  await write(before, [
    ['kept', valueOf('kept')],
    ['deleted', valueOf('deleted')],
  ]);
  before.state.close();
  // Another owner deleted one key and wrote others; the changelog was compacted, tombstones and all.
  const later = new MemoryBroker(1, clock);
  for (const key of ['filler-0', 'filler-1', 'kept', 'filler-2']) {
    later.append({
      topic: topic.name,
      partition: 0,
      key: Buffer.from(key),
      value: valueOf(key),
      headers: [],
    });
  }
  broker = later;
  await clock.advance(13 * HOUR);

  const second = new StateDatabase(file);
  const { state } = await openState(second);
  expect(state.storeOf(store.name).get('deleted')).toBeUndefined();
  expect(state.storeOf(store.name).get('kept')).toBeDefined();
  second.close();
});

it('a file of another log, ahead of this one, is not built upon', async () => {
  const before = await openState(new StateDatabase(file));
  await write(before, [['a', valueOf('a')]]);
  before.state.close();
  broker = new MemoryBroker(1, clock);

  const second = new StateDatabase(file);
  const { state } = await openState(second);
  expect(state.storeOf(store.name).size).toBe(0);
  second.close();
});

it('a file of another log means nothing here, not even its schemas', async () => {
  const database = new StateDatabase(file);
  const other = await openState(database);
  await write(other, [
    ['theirs', valueOf('theirs')],
    ['both', valueOf('theirs')],
  ]);
  other.state.close();
  const known = new StateDatabase(file);
  // An id that the other registry has given out, and this one has not.
  known.rememberSchemaHeader(Buffer.from([0, 0, 0, 3, 231]));
  known.close();

  broker = new MemoryBroker(1, clock);
  for (const key of ['both', 'ours', 'more'])
    broker.append({
      topic: topic.name,
      partition: 0,
      key: Buffer.from(key),
      value: valueOf(key),
      headers: [],
    });
  const { state } = await openState(new StateDatabase(file));
  expect([...state.storeOf(store.name).range('')].map(([key]) => key)).toEqual(['both', 'more', 'ours']);
  state.close();
});

it('two processes cannot use one file', () => {
  const first = new StateDatabase(file);
  expect(() => new StateDatabase(file)).toThrow(/locked/);
  first.close();
});
