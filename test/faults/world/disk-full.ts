import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { UserError } from '../../../tools/lib/user-error.ts';

/** Below this nothing that is of any use can be written, and lock files of a few bytes still can. */
const NOTHING_MORE_BYTES = 64;

/**
 * Makes every write of these processes fail beyond the first bytes of a file (EFBIG), as a full disk does (ENOSPC): `ulimit -f` of a
 * process that runs. Whoever is started again afterwards can write; of one that lives on, {@link freeDisk} takes it back. Neither a
 * file system of its own nor any right is needed for it.
 *
 * @throws UserError where there is no `prlimit` (util-linux).
 */
export function fillDisk(pids: readonly number[]): void {
  limitFiles(pids, String(NOTHING_MORE_BYTES));
}

/** Lets processes write again. */
export function freeDisk(pids: readonly number[]): void {
  limitFiles(pids, 'unlimited');
}

function limitFiles(pids: readonly number[], soft: string): void {
  for (const pid of pids) {
    const owner = statSync(`/proc/${pid}`, { throwIfNoEntry: false });
    if (!owner) continue;
    try {
      // The soft limit alone, as the account that owns the process: neither needs a right.
      execFileSync('prlimit', ['--pid', String(pid), `--fsize=${soft}:`], {
        stdio: 'pipe',
        ...(process.getuid?.() === 0 && { uid: owner.uid, gid: owner.gid }),
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT')
        throw new UserError('F20 needs "prlimit" (package util-linux)');
      // It may have ended meanwhile.
      if (statSync(`/proc/${pid}`, { throwIfNoEntry: false })) throw error;
    }
  }
}
