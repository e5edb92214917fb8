import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { statePaths, type StatePaths } from '../../lib/paths.ts';
import { freePorts } from '../../lib/ports.ts';
import { isAlive } from '../../lib/process-identity.ts';
import { waitFor } from '../../lib/wait.ts';
import type { Infrastructure, InfrastructurePorts } from '../infrastructure.ts';
import { runSql } from '../probes.ts';
import { findJava } from './java.ts';
import { startLocalInfrastructure } from './local-infrastructure.ts';
import { postgresAccount } from './postgres-account.ts';
import { dataFolderFor } from './postgres-folders.ts';

/** Three starts in a row; each takes 4 s on an idle machine. */
const TIMEOUT_MS = 180_000;

let paths: StatePaths;
let ports: InfrastructurePorts;
let infrastructure: Infrastructure | undefined;

beforeEach(async () => {
  // A folder that only its owner may enter, as a checkout in root's home is: PostgreSQL's data then has to lie elsewhere.
  paths = { ...statePaths(mkdtempSync(join(tmpdir(), 'kept-data-'))), lib: statePaths().lib };
  const [kafka = 0, kafkaController = 0, registry = 0, postgres = 0] = await freePorts(4);
  ports = { kafka, kafkaController, registry, postgres };
});

afterEach(async () => {
  await infrastructure?.stop();
  const postgresData = dataFolderFor(join(paths.data, 'postgres'), postgresAccount());
  for (const folder of [postgresData, paths.root]) rmSync(folder, { recursive: true, force: true });
});

async function start(options: { fresh?: boolean } = {}): Promise<Infrastructure> {
  infrastructure = await startLocalInfrastructure({
    lifetime: 'kept',
    paths,
    ports,
    environment: process.env,
    ...options,
  });
  return infrastructure;
}

async function registerSchema({ registryUrl }: Infrastructure): Promise<unknown> {
  const response = await fetch(`${registryUrl}/subjects/kept-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ schema: '{"type":"record","name":"Kept","fields":[]}' }),
  });
  return response.json();
}

const schemaIds = async ({ registryUrl }: Infrastructure): Promise<unknown> =>
  (await fetch(`${registryUrl}/subjects`)).json();

// Where the tests run in containers there need not be any Java, and then these processes cannot be started at all.
const hasJava = (await findJava(process.env)) !== undefined;

describe.runIf(hasJava)('infrastructure whose data is kept', () => {
  test(
    'starts again over what a kill -9 of all three left, until it is told to begin afresh',
    async () => {
      const first = await start();
      await runSql(first.databaseUrl, 'CREATE TABLE kept AS SELECT 42 AS answer');
      const registered = await registerSchema(first);
      const pids = first.processes.map(({ pid = 0 }) => pid);
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      await expect(first.failed).rejects.toThrow(/ended \(SIGKILL\)/);
      await waitFor(async () => !pids.some((pid) => isAlive(pid)), { what: 'their end', timeoutMs: 10_000 });

      const second = await start();
      expect((await runSql(second.databaseUrl, 'SELECT answer FROM kept')).rows).toEqual([{ answer: 42 }]);
      expect(await registerSchema(second)).toEqual(registered);
      await second.stop();

      const third = await start({ fresh: true });
      await expect(runSql(third.databaseUrl, 'SELECT answer FROM kept')).rejects.toThrow('does not exist');
      expect(await schemaIds(third)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'is stopped again when the start is given up half way',
    async () => {
      const stop = new AbortController();
      const seen: number[] = [];
      const starting = startLocalInfrastructure({
        lifetime: 'kept',
        paths,
        ports,
        environment: process.env,
        signal: stop.signal,
        onProcess: ({ pid = 0 }) => {
          seen.push(pid);
          stop.abort(new Error('Ctrl-C'));
        },
      });
      await expect(starting).rejects.toThrow('Ctrl-C');
      expect(seen).not.toEqual([]);
      expect(seen.filter((pid) => isAlive(pid))).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
