import { beforeEach, expect, test } from 'vitest';
import { ManualClock } from '#libs/core';
import { type HeldPartition, HeldPartitions } from './held-partitions.js';
import type { ReadResult } from './partition-reader.js';

let clock: ManualClock;
let reports: HeldPartition[];
let held: HeldPartitions;
beforeEach(() => {
  clock = new ManualClock(0);
  reports = [];
  held = new HeldPartitions(clock, (report) => reports.push(report));
});

/** A fetch that left reading at `nextOffset`. */
function read(
  nextOffset: number,
  lastStableOffset: number,
  highWatermark: number,
  partition = 0,
): ReadResult {
  return { topic: 't', partition, offset: 0, records: [], nextOffset, lastStableOffset, highWatermark };
}

/** Looks every ten seconds, and returns the last answer. */
async function look(result: ReadResult, seconds: number): Promise<number> {
  let heldMs = held.heldMs(result);
  for (let passed = 0; passed < seconds; passed += 10) {
    await clock.advance(10_000);
    heldMs = held.heldMs(result);
  }
  return heldMs;
}

test('nothing holds back who is at the end, or who has committed records to read', async () => {
  expect(await look(read(7, 7, 7), 120)).toBe(0);
  expect(await look(read(3, 7, 9), 120)).toBe(0);
  expect(reports).toEqual([]);
});

test('a transaction that does not end holds back, and is reported once after a minute', async () => {
  expect(await look(read(7, 7, 9), 50)).toBe(50_000);
  expect(reports).toEqual([]);
  expect(await look(read(7, 7, 12), 70)).toBe(120_000);
  expect(reports).toEqual([{ topic: 't', partition: 0, offset: 7, heldMs: 60_000 }]);
});

test('transactions that follow each other are not one that does not end', async () => {
  for (let offset = 0; offset < 20; offset += 1)
    expect(await look(read(offset, offset, offset + 2), 10)).toBe(10_000);
  expect(reports).toEqual([]);
});

test('each partition is held back on its own, and again after it was free', async () => {
  await look(read(7, 7, 9), 60);
  await look(read(7, 7, 9, 1), 60);
  held.heldMs(read(9, 9, 9));
  await look(read(9, 9, 11), 60);
  expect(reports.map(({ partition, offset }) => [partition, offset])).toEqual([
    [0, 7],
    [1, 7],
    [0, 9],
  ]);
});
