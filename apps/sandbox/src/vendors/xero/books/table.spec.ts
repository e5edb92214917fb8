import { expect, test } from 'vitest';
import { type Row, Table } from './table.js';

function filled(count: number): { table: Table<Row>; rows: Row[] } {
  const table = new Table<Row>();
  const rows = Array.from({ length: count }, (_, index) => ({
    id: `r${String(index)}`,
    updatedAt: 1000 * index,
  }));
  for (const row of rows) table.insert(row);
  return { table, rows };
}

test('finds what changed at or after an instant, in order of creation', () => {
  const { table, rows } = filled(4);
  table.touch(rows[0] as Row, 5000);
  expect(table.changedSince(2000).map(({ id }) => id)).toEqual(['r0', 'r2', 'r3']);
  expect(table.changedSince(5000).map(({ id }) => id)).toEqual(['r0']);
  expect(table.changedSince(5001)).toEqual([]);
});

test('lists a row once however often it changed', () => {
  const { table, rows } = filled(2);
  for (let at = 10_000; at < 13_000; at += 1) table.touch(rows[1] as Row, at);
  expect(table.changedSince(0).map(({ id }) => id)).toEqual(['r0', 'r1']);
  expect(table.changedSince(12_999).map(({ id }) => id)).toEqual(['r1']);
});
