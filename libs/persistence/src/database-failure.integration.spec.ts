import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
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
    client.on('data', passTo(server)).on('close', () => server.destroy());
    server.on('data', passTo(client)).on('close', () => client.destroy());
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
    cut,
    fallSilent: () => (isSilent = true),
    speak: () => (isSilent = false),
  };
}
