import { expect, test } from 'vitest';
import { createDataSource } from './data-source.js';
import { toSafeInteger } from './columns.js';
import { emptyDatabase } from './testing/opened-database.js';
import { createTestDatabase } from '../../../tools/infra/test-database.ts';

test('numbers that a float would round, and dates that a zone would move, stay as the database wrote them', async () => {
  const dataSource = await createDataSource(await emptyDatabase(createTestDatabase)).initialize();
  try {
    const rows: unknown = await dataSource.query(
      `SELECT 9007199254740993::int8 AS big, 0.1000000000000000055511151231257827::numeric AS exact,
              '2026-03-29'::date AS day, '2026-03-29T02:30:00.123Z'::timestamptz AS at`,
    );
    expect(rows).toEqual([
      {
        big: '9007199254740993',
        exact: '0.1000000000000000055511151231257827',
        day: '2026-03-29',
        at: new Date('2026-03-29T02:30:00.123Z'),
      },
    ]);
  } finally {
    await dataSource.destroy();
  }
});

test('a bigint column that a number cannot hold is refused', () => {
  expect(toSafeInteger('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
  expect(() => toSafeInteger('9007199254740993')).toThrow(RangeError);
});
