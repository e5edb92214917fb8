import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { commandLine } from '../../lib/process-identity.ts';
import { endProcess, logTail, startProcess, type StartedProcess } from '../../lib/processes.ts';
import { UserError } from '../../lib/user-error.ts';
import { ensureDatabase, probePostgres } from '../probes.ts';
import { databaseUrl } from '../registry-settings.ts';
import { databaseAccount, databases, versions } from '../versions.ts';
import { postgresAccount, type Account } from './postgres-account.ts';
import { postgresDataFolder, postgresPrograms, type PostgresPrograms } from './postgres-folders.ts';
import { waitUntilReady, type StartWatch } from './start-watch.ts';

export interface LocalPostgresOptions {
  readonly dataFolder: string;
  readonly logFile: string;
  readonly port: number;
  /** Data that is thrown away need not survive a power cut: no fsync. */
  readonly durable: boolean;
  readonly environment: NodeJS.ProcessEnv;
  readonly watch: StartWatch;
}

const SHARED_MEMORY_STILL_HELD = 'pre-existing shared memory block';

/**
 * Starts PostgreSQL, waits until it answers, and creates the product's and the registry's databases. An empty data
 * folder is initialised first; one left by kill -9 is recovered by PostgreSQL itself.
 *
 * @throws UserError when the data was written by another major version.
 */
export async function startLocalPostgres(options: LocalPostgresOptions): Promise<StartedProcess> {
  const account = postgresAccount();
  const programs = postgresPrograms(account);
  const dataFolder = postgresDataFolder(options.dataFolder, account);
  if (!existsSync(join(dataFolder, 'PG_VERSION'))) await initialise(programs, dataFolder, account, options);
  assertSameMajor(dataFolder);
  await clearStaleLock(dataFolder);
  const server = await launch(programs, dataFolder, account, options);
  const adminUrl = databaseUrl('127.0.0.1', options.port, 'postgres');
  for (const name of Object.values(databases)) await ensureDatabase(adminUrl, name);
  return server;
}

async function launch(
  programs: PostgresPrograms,
  dataFolder: string,
  account: Account | undefined,
  options: LocalPostgresOptions,
): Promise<StartedProcess> {
  const adminUrl = databaseUrl('127.0.0.1', options.port, 'postgres');
  const deadline = performance.now() + 30_000;
  for (;;) {
    const server = await startProcess({
      name: 'postgres',
      command: programs.postgres,
      args: ['-D', dataFolder, ...serverFlags(options)],
      environment: options.environment,
      workingDirectory: '/',
      logFile: options.logFile,
      ...(account === undefined ? {} : { account }),
    });
    try {
      await waitUntilReady(server, () => probePostgres(adminUrl), options.watch);
      return server;
    } catch (error) {
      // After a kill -9 of the server its children need a moment to notice and let go of the shared memory.
      const retry =
        logTail(options.logFile, 5).includes(SHARED_MEMORY_STILL_HELD) && performance.now() < deadline;
      await endProcess(server.pid, { signal: 'SIGQUIT', graceMs: 5_000 });
      if (!retry) throw error;
    }
  }
}

function serverFlags(options: LocalPostgresOptions): string[] {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(options.port),
    // No socket file: its folder would have to exist, be writable and be different for every instance.
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '64MB',
    log_min_messages: 'warning',
    ...(options.durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

async function initialise(
  programs: PostgresPrograms,
  dataFolder: string,
  account: Account | undefined,
  options: LocalPostgresOptions,
): Promise<void> {
  // initdb wants an empty data folder, so the password lies elsewhere. It is a development password and no secret.
  const passwordFolder = mkdtempSync(join(tmpdir(), 'ledgerwire-initdb-'));
  const passwordFile = join(passwordFolder, 'password');
  chmodSync(passwordFolder, 0o755);
  writeFileSync(passwordFile, databaseAccount.password, { mode: 0o644 });
  const args = [
    `--pgdata=${dataFolder}`,
    `--username=${databaseAccount.user}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--no-locale',
    ...(options.durable ? [] : ['--no-sync']),
  ];
  try {
    await promisify(execFile)(programs.initdb, args, { env: options.environment, cwd: '/', ...account });
  } catch (cause) {
    rmSync(dataFolder, { recursive: true, force: true });
    throw new Error(`PostgreSQL could not initialise ${dataFolder}`, { cause });
  } finally {
    rmSync(passwordFolder, { recursive: true, force: true });
  }
}

function assertSameMajor(dataFolder: string): void {
  const found = readFileSync(join(dataFolder, 'PG_VERSION'), 'utf8').trim();
  const [wanted = ''] = versions.postgres.split('.');
  if (found === wanted) return;
  throw new UserError(
    `The data in ${dataFolder} was written by PostgreSQL ${found}, and this is ${wanted}. Start with --fresh to begin with empty data`,
  );
}

/**
 * PostgreSQL clears a stale postmaster.pid itself, unless another process of the same user has that id by now. So look
 * who it is: a server over this very folder is a leftover of ours and is ended; anyone else only shares the number.
 */
async function clearStaleLock(dataFolder: string): Promise<void> {
  const lockFile = join(dataFolder, 'postmaster.pid');
  if (!existsSync(lockFile)) return;
  const pid = Number.parseInt(readFileSync(lockFile, 'utf8'), 10);
  const command = Number.isInteger(pid) ? commandLine(pid) : undefined;
  if (command?.includes(dataFolder) === true) await endProcess(pid, { signal: 'SIGINT', graceMs: 15_000 });
  rmSync(lockFile, { force: true });
}
