import type { ObjectLiteral, Repository } from 'typeorm';
import type { EpochMs } from '../columns.js';

/** A row that tells when it happened. */
interface Dated extends ObjectLiteral {
  readonly at: EpochMs;
}

/**
 * Deletes the oldest of what happened before `before`, at most `limit` rows, and says how many it were. Several may do so at once:
 * each passes over the rows that another one is deleting, so that none waits and fewer than `limit` do not mean that none are left.
 */
export async function deleteBefore(rows: Repository<Dated>, before: EpochMs, limit: number): Promise<number> {
  const { tableName, primaryColumns } = rows.metadata;
  const id = primaryColumns.map(({ databaseName }) => `"${databaseName}"`).join(', ');
  // As an array, the ids are looked for once; a subquery of IN may be run again, and lock and delete more than `limit`.
  const oldest = `SELECT ${id} FROM "${tableName}" WHERE at < $1 ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED`;
  const [, count]: [unknown, number] = await rows.query(
    `DELETE FROM "${tableName}" WHERE ${id} = ANY(ARRAY(${oldest}))`,
    [new Date(before), limit],
  );
  return count;
}
