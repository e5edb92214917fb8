import pg from 'pg';

/** True when the registry answers the Confluent API with the list of its subjects. */
export async function probeRegistry(registryUrl: string): Promise<boolean> {
  try {
    const response = await fetch(`${registryUrl}/subjects`, { signal: AbortSignal.timeout(5_000) });
    return response.ok && Array.isArray(await response.json());
  } catch {
    return false;
  }
}

/** True when PostgreSQL lets the account in and answers a query. */
export async function probePostgres(databaseUrl: string): Promise<boolean> {
  try {
    await runSql(databaseUrl, 'SELECT 1');
    return true;
  } catch {
    return false;
  }
}

/** Runs one statement on a connection of its own. */
export async function runSql(databaseUrl: string, statement: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 });
  // A connection that breaks while idle is reported as an event too; the query's own rejection is enough here.
  client.on('error', () => {});
  await client.connect();
  try {
    return await client.query(statement);
  } finally {
    await client.end();
  }
}

/** Creates the database unless it is there. The name must be a plain identifier. */
export async function ensureDatabase(adminUrl: string, name: string): Promise<void> {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name)) throw new Error(`not a plain database name: ${name}`);
  try {
    await runSql(adminUrl, `CREATE DATABASE ${name}`);
  } catch (error) {
    const duplicateDatabase = '42P04';
    if (error instanceof pg.DatabaseError && error.code === duplicateDatabase) return;
    throw error;
  }
}
