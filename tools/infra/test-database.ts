import { randomBytes } from 'node:crypto';
import { ensureDatabase, runSql } from './probes.ts';

/** A database of one test's own. */
export interface TestDatabase {
  readonly url: string;
  /** Closes whatever connections are left and removes the database. */
  drop(): Promise<void>;
}

/** Creates an empty database with a random name beside the given one. */
export async function createTestDatabase(databaseUrl: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await ensureDatabase(databaseUrl, name);
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: async () => {
      await runSql(databaseUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}
