import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * What tells a process from a later one that got the same id: the moment it began, and on Linux the boot too.
 * Undefined when there is no such process or the system does not tell; a zombie has ended.
 *
 * @param {number} pid
 * @returns {string | undefined}
 */
export function processIdentity(pid) {
  try {
    if (process.platform === 'linux') {
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // proc(5): the command name is in parentheses and may hold spaces; state is the 3rd field, start time the 22nd.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? undefined : `${boot}/${fields[19] ?? ''}`;
    }
    // The same words in every terminal.
    return askPs('lstart=', pid, { LC_ALL: 'C', TZ: 'UTC' });
  } catch {
    return undefined;
  }
}

/**
 * One column of `ps` about one process; undefined when it is empty.
 *
 * @param {string} column
 * @param {number} pid
 * @param {Readonly<Record<string, string>>} [variables] on top of the environment
 * @returns {string | undefined}
 * @throws Error when there is no such process or no ps.
 */
export function askPs(column, pid, variables = {}) {
  const answer = execFileSync('ps', ['-o', column, '-p', String(pid)], {
    encoding: 'utf8',
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return answer.trim() === '' ? undefined : answer.trim();
}
