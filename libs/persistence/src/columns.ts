import type { ColumnOptions } from 'typeorm';

/** Milliseconds since the Unix epoch, UTC: how every row of ours speaks of time. */
export type EpochMs = number;

/**
 * A UTC instant with millisecond precision (`timestamptz(3)`), an {@link EpochMs} in TypeScript. Postgres would keep
 * microseconds; with them a value written and read again would differ from itself.
 */
export const instant: ColumnOptions = {
  type: 'timestamp with time zone',
  precision: 3,
  transformer: {
    from: (value: Date | null) => value?.getTime() ?? null,
    // Criteria pass through here too, so that a finder may compare with a number.
    to: (value: unknown) => (typeof value === 'number' ? new Date(value) : value),
  },
};

/** {@link instant}, or null. */
export const nullableInstant: ColumnOptions = { ...instant, nullable: true };

/**
 * `bigint` as a number. The driver hands out text, because not every bigint is a safe integer; ours (offsets, positions)
 * are, and one that is not is refused instead of being rounded.
 */
export const safeBigint: ColumnOptions = {
  type: 'bigint',
  transformer: {
    from: (value: string | null) => (value === null ? null : toSafeInteger(value)),
    to: (value: unknown) => value,
  },
};

/** @throws RangeError when the text is no integer that a number holds exactly. */
export function toSafeInteger(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number)) return number;
  throw new RangeError('a bigint column holds a number beyond 2^53');
}
