import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from './database.js';
import { isDatabaseFailure } from './database-failure.js';
import { migrate } from './migrate.js';
import { emptyDatabase } from './testing/opened-database.js';
import { createTestDatabase } from '../../../tools/infra/test-database.ts';

test('tells a server that goes away from a mistake in the program', async () => {
  const options = await emptyDatabase(createTestDatabase);
  await migrate(options);
  const target = new URL(options.url);
  const sockets = new Set<{ destroy(): void }>();
  const proxy = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    for (const socket of [client, server]) sockets.add(socket.on('error', () => undefined));
    client.pipe(server).pipe(client);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  const url = new URL(options.url);
  url.port = String(typeof address === 'object' ? address?.port : '');
  const database = await openDatabase({ ...options, url: url.href, connectTimeoutMs: 500 });
  onTestFinished(() => database.close());

  const failing = database.ping().then(
    () => undefined,
    (error: unknown) => error,
  );
  for (const socket of sockets) socket.destroy();
  proxy.close();
  const errors = [await failing, await database.ping().catch((error: unknown) => error)];
  expect(errors.filter((error) => error !== undefined).every(isDatabaseFailure)).toBe(true);
  expect(errors.some((error) => error !== undefined)).toBe(true);
  expect(isDatabaseFailure(new TypeError('x is not a function'))).toBe(false);
});
