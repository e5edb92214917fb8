import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { createDataSource } from './data-source.js';
import { openDatabase } from './database.js';
import { isDatabaseFailure } from './database-failure.js';
import { migrate } from './migrate.js';
import { emptyDatabase } from './testing/opened-database.js';
import { createTestDatabase } from '../../../tools/infra/test-database.ts';

test('tells a server that goes away from a mistake in the program', async () => {
  const relay = await relayedDatabase();
  const database = await openDatabase({ ...relay.options, connectTimeoutMs: 500 });
  onTestFinished(() => database.close());

  const failing = failureOf(database.ping());
  relay.cut();
  const errors = [await failing, await failureOf(database.ping())];
  expect(errors.filter((error) => error !== undefined).every(isDatabaseFailure)).toBe(true);
  expect(errors.some((error) => error !== undefined)).toBe(true);
  expect(isDatabaseFailure(new TypeError('x is not a function'))).toBe(false);
});

test('a server that falls silent fails the statements that wait for it, and their connections are not used again', async () => {
  const relay = await relayedDatabase();
  const database = await openDatabase({ ...relay.options, statementTimeoutMs: 500, poolSize: 1 });
  onTestFinished(() => database.close());

  relay.fallSilent();
  expect(isDatabaseFailure(await failureOf(database.ping()))).toBe(true);
  relay.speak();
  // There is one connection at most: were the dead one still in the pool, this would get it.
  await database.ping();
});

test('a client that falls silent in a transaction does not keep its locks', async () => {
  const relay = await relayedDatabase();
  const [mute, neighbour] = await Promise.all([
    createDataSource({ ...relay.options, statementTimeoutMs: 500 }).initialize(),
    createDataSource(relay.direct).initialize(),
  ]);
  onTestFinished(async () => {
    relay.cut();
    await Promise.all([mute.destroy(), neighbour.destroy()]);
  });
  const runner = mute.createQueryRunner();
  await runner.startTransaction();
  await runner.query('SELECT pg_advisory_xact_lock(1)');
  const isFree = async (): Promise<unknown> => neighbour.query('SELECT pg_try_advisory_lock(1) AS free');
  expect(await isFree()).toEqual([{ free: false }]);

  relay.fallSilent();
  await expect.poll(isFree).toEqual([{ free: true }]);
});

function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** A migrated database behind a relay that can go away with or without a word. */
async function relayedDatabase() {
  const options = await emptyDatabase(createTestDatabase);
  await migrate(options);
  const url = new URL(options.url);
  const { port, hostname } = url;
  const sockets = new Set<Socket>();
  let isSilent = false;
  const passTo = (to: Socket) => (bytes: Buffer) => {
    if (!isSilent) to.write(bytes);
  };
  const proxy = createServer((client) => {
    const server = connect(Number(port), hostname);
    const endWith = (other: Socket) => () => {
      if (!isSilent) other.destroy();
    };
    client.on('data', passTo(server)).on('close', endWith(server));
    server.on('data', passTo(client)).on('close', endWith(client));
    for (const socket of [client, server]) sockets.add(socket.on('error', () => undefined));
  });
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  };
  onTestFinished(cut);
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  url.port = String((proxy.address() as AddressInfo).port);
  return {
    options: { ...options, url: url.href },
    /** Past the relay. */
    direct: options,
    cut,
    fallSilent: () => (isSilent = true),
    speak: () => (isSilent = false),
  };
}
