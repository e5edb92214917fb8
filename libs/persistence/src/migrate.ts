import type { DataSource } from 'typeorm';
import { LedgerwireError } from '#libs/core';
import { createDataSource, type DatabaseOptions } from './data-source.js';

/** "ledgerwi" as a number: every program that migrates our schema asks for this lock. */
const MIGRATION_LOCK = 7_810_758_516;

/** How long a second migration waits for the first one. */
const LOCK_TIMEOUT_MS = 120_000;

/**
 * Applies what is pending, oldest first, each migration in its own transaction, and answers with the names of those it
 * applied. Of several that run at once, one works and the others then find nothing to do: a session-level advisory lock
 * is held meanwhile. Only apps/setup calls this; services check (see {@link assertMigrated}).
 */
export async function migrate(options: DatabaseOptions): Promise<readonly string[]> {
  return withMigrations(options, async (dataSource) => {
    const applied = await dataSource.runMigrations({ transaction: 'each' });
    return applied.map((migration) => migration.name);
  });
}

/** Undoes the last applied migration, for development and for a release that must be taken back. */
export async function revertLastMigration(options: DatabaseOptions): Promise<void> {
  await withMigrations(options, (dataSource) => dataSource.undoLastMigration({ transaction: 'each' }));
}

/**
 * @throws LedgerwireError `migrations-pending` (halt) that names them: a service never changes the schema by itself. A
 * schema that is ahead of this build is fine, because migrations stay compatible with the release before them.
 */
export async function assertMigrated(dataSource: DataSource): Promise<void> {
  const applied = await appliedMigrations(dataSource);
  const pending = dataSource.migrations.flatMap(({ name }) =>
    name === undefined || applied.has(name) ? [] : [name],
  );
  if (pending.length === 0) return;
  throw new LedgerwireError(
    `the database lacks ${pending.length} migration(s): ${pending.join(', ')}. Run the setup job (apps/setup) first`,
    { code: 'migrations-pending', disposition: 'halt' },
  );
}

async function appliedMigrations(dataSource: DataSource): Promise<ReadonlySet<string>> {
  const tables: { name: string | null }[] = await dataSource.query(
    `SELECT to_regclass('migrations')::text AS name`,
  );
  if (!tables[0]?.name) return new Set();
  const rows: { name: string }[] = await dataSource.query('SELECT name FROM migrations');
  return new Set(rows.map((row) => row.name));
}

async function withMigrations<T>(
  options: DatabaseOptions,
  work: (dataSource: DataSource) => Promise<T>,
): Promise<T> {
  // Two connections: one holds the lock, the other migrates. A statement may take as long as a large index takes.
  const dataSource = createDataSource({ ...options, poolSize: 2, statementTimeoutMs: 0 });
  await dataSource.initialize();
  const lock = dataSource.createQueryRunner();
  try {
    await lock.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return await work(dataSource);
  } finally {
    // Closing the connection gives the session's lock back, even when the session is in a bad state.
    await lock.release();
    await dataSource.destroy();
  }
}
