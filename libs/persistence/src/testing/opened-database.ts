import { inject, onTestFinished } from 'vitest';
import type { DatabaseOptions } from '../data-source.js';
import { type Database, openDatabase } from '../database.js';
import { migrate } from '../migrate.js';

/** Gives a test a database of its own: `createTestDatabase` of tools/infra, which this file may not import. */
export type CreateScratchDatabase = (
  databaseUrl: string,
) => Promise<{ readonly url: string; drop(): Promise<void> }>;

/** An empty database of this test's own, dropped when the test ends. */
export async function emptyDatabase(create: CreateScratchDatabase): Promise<DatabaseOptions> {
  const created = await create(inject('infrastructure').databaseUrl);
  onTestFinished(() => created.drop());
  return { url: created.url, applicationName: 'persistence-test' };
}

/** A migrated database of this test's own, closed and dropped when the test ends. */
export async function openedDatabase(create: CreateScratchDatabase): Promise<Database> {
  const options = await emptyDatabase(create);
  await migrate(options);
  const database = await openDatabase(options);
  onTestFinished(() => database.close());
  return database;
}
