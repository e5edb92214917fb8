import { inject, onTestFinished } from 'vitest';
import { createTestDatabase } from '../../../../tools/infra/test-database.ts';
import type { DatabaseOptions } from '../data-source.js';
import { type Database, openDatabase } from '../database.js';
import { migrate } from '../migrate.js';

/** An empty database of this test's own, dropped when the test ends. */
export async function emptyDatabase(): Promise<DatabaseOptions> {
  const created = await createTestDatabase(inject('infrastructure').databaseUrl);
  onTestFinished(() => created.drop());
  return { url: created.url, applicationName: 'persistence-test' };
}

/** A migrated database of this test's own, closed and dropped when the test ends. */
export async function openedDatabase(): Promise<Database> {
  const options = await emptyDatabase();
  await migrate(options);
  const database = await openDatabase(options);
  onTestFinished(() => database.close());
  return database;
}
