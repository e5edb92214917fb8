import { expect, test } from 'vitest';
import { createDataSource } from './data-source.js';
import { openDatabase } from './database.js';
import { migrate, revertLastMigration } from './migrate.js';
import { migrations } from './migrations/index.js';
import { emptyDatabase } from './testing/opened-database.js';
import { createTestDatabase } from '../../../tools/infra/test-database.ts';

const names = migrations.map((migration) => new migration().name);

test('the migrations give exactly the schema that the entities describe', async () => {
  const options = await emptyDatabase(createTestDatabase);
  await migrate(options);
  const dataSource = await createDataSource(options).initialize();
  try {
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  } finally {
    await dataSource.destroy();
  }
});

test('each migration can be taken back and applied again', async () => {
  const options = await emptyDatabase(createTestDatabase);
  expect(await migrate(options)).toEqual(names);
  for (const _ of names) await revertLastMigration(options);
  const dataSource = await createDataSource(options).initialize();
  try {
    const left: { name: string }[] = await dataSource.query(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    expect(left).toEqual([{ name: 'migrations' }]);
  } finally {
    await dataSource.destroy();
  }
  expect(await migrate(options)).toEqual(names);
});

test('of several migrations at once one does the work and the others find it done', async () => {
  const options = await emptyDatabase(createTestDatabase);
  const applied = await Promise.all([migrate(options), migrate(options), migrate(options)]);
  expect(new Set(applied.flat())).toEqual(new Set(names));
  expect(applied.flat()).toHaveLength(names.length);
});

test('a service refuses to start on a schema that lacks migrations, and names them', async () => {
  const options = await emptyDatabase(createTestDatabase);
  await expect(openDatabase(options)).rejects.toMatchObject({ code: 'migrations-pending' });
  await migrate(options);
  await revertLastMigration(options);
  await expect(openDatabase(options)).rejects.toThrow(names.at(-1));
});

test('a wrong password is told without the address or the password', async () => {
  const { url } = await emptyDatabase(createTestDatabase);
  const wrong = new URL(url);
  wrong.password = 'hunter2';
  const opening = openDatabase({ url: wrong.href, applicationName: 'test' });
  await expect(opening).rejects.toMatchObject({ code: 'database-unreachable', disposition: 'halt' });
  await expect(opening).rejects.not.toThrow(/hunter2/);
});
