import { QueryFailedError } from 'typeorm';
import { expect, test } from 'vitest';
import type { Connection } from '#libs/contracts';
import type { RefreshState } from '#libs/persistence';
import { ConnectionList } from './connection-list.js';

const DETAIL = 'The vendor cannot be reached';

function connection(connectionId: string, changes: Partial<Connection> = {}): Connection {
  return {
    connectionId,
    workspaceId: 'w1',
    vendor: 'xero',
    accountId: 'a',
    displayName: connectionId,
    status: 'active',
    timeZone: 'UTC',
    country: null,
    currency: null,
    settings: { dailyLimit: '5' },
    updatedAt: 100,
    ...changes,
  };
}

function told(connectionId: string, status: string, at = 200): RefreshState {
  return { connectionId, status, at, detail: DETAIL };
}

/** What is shown of each connection, by id. */
async function failing(
  connections: readonly Connection[],
  lastRefreshes: () => Promise<RefreshState[]>,
): Promise<Record<string, unknown>> {
  const table = {
    get: () => undefined,
    values: () => connections,
    onChange: () => undefined,
    complete: true,
  };
  const shown = await new ConnectionList(table, { lastRefreshes }).list();
  for (const one of shown) expect(one).not.toHaveProperty('settings');
  return Object.fromEntries(shown.map((one) => [one.connectionId, one.refreshFailing]));
}

test('says of which connections the token cannot be refreshed, since when and why', async () => {
  const shown = await failing([connection('a'), connection('b'), connection('c')], async () => [
    told('a', 'refresh-failing'),
    told('b', 'refresh-recovered'),
  ]);
  expect(shown).toEqual({ a: { since: 200, detail: DETAIL }, b: null, c: null });
});

test('a spell ends with a new authorisation, and with the loss of the old one', async () => {
  const connections = [
    connection('a', { updatedAt: 300 }),
    connection('b', { status: 'needs-reauthorisation' }),
  ];
  const shown = await failing(connections, async () => [
    told('a', 'refresh-failing'),
    told('b', 'refresh-failing'),
  ]);
  expect(shown).toEqual({ a: null, b: null });
});

test('lists connections while the database is away, and hides no mistake of ours', async () => {
  const away = new QueryFailedError('SELECT', [], new Error('away'));
  expect(await failing([connection('a')], () => Promise.reject(away))).toEqual({ a: null });
  await expect(failing([connection('a')], () => Promise.reject(new TypeError('ours')))).rejects.toThrow(
    'ours',
  );
});
