import { execFileSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** A user of the operating system. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/**
 * PostgreSQL refuses to run as root. Root therefore runs it as `postgres` where that user exists, else as `nobody`,
 * which every Unix has: nothing has to be created. Undefined for everyone else: they run it as themselves.
 */
export function postgresAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string): number =>
        Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // No such user: try the next name.
    }
  }
  throw new Error(
    'PostgreSQL cannot run as root, and there is neither a user "postgres" nor "nobody" on this machine',
  );
}

/**
 * Whether the account may pass through every folder down to `path`. A checkout below /root (mode 700) is the usual case
 * where it may not.
 */
export function canReach(path: string, account: Account | undefined): boolean {
  if (account === undefined) return true;
  for (let folder = path; ; folder = dirname(folder)) {
    if (!maySearch(folder, account)) return false;
    if (folder === dirname(folder)) return true;
  }
}

function maySearch(folder: string, account: Account): boolean {
  try {
    accessSync(folder, constants.F_OK);
  } catch {
    // What does not exist yet is created by us with rights that fit.
    return true;
  }
  const { mode, uid, gid } = statSync(folder);
  const [owner, group, others] = [0o100, 0o010, 0o001];
  if (uid === account.uid) return (mode & owner) !== 0;
  if (gid === account.gid) return (mode & group) !== 0;
  return (mode & others) !== 0;
}
