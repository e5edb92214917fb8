import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * True while a process with this id runs, whoever owns it. A zombie has ended: it only waits for its parent to take notice
 * (told apart on Linux alone).
 */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  return process.platform !== 'linux' || processIdentity(pid) !== undefined;
}

/**
 * What tells a process from a later one that got the same id: the moment it began, and on Linux the boot too.
 * Undefined when there is no such process or the system does not tell.
 */
export function processIdentity(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // proc(5): the command name is in parentheses and may hold spaces; state is the 3rd field, start time the 22nd.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? undefined : `${boot}/${fields[19] ?? ''}`;
    }
    return ask('lstart=', pid);
  } catch {
    return undefined;
  }
}

/** True when the process that was noted as (pid, identity) is still the one that runs under this id. */
export function isSameProcess(pid: number, identity: string | undefined): boolean {
  return identity !== undefined && processIdentity(pid) === identity;
}

/** The command line of a process, words separated by spaces; undefined when there is no such process. */
export function commandLine(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || undefined;
    }
    return ask('command=', pid);
  } catch {
    return undefined;
  }
}

function ask(column: string, pid: number): string | undefined {
  const answer = execFileSync('ps', ['-o', column, '-p', String(pid)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return answer.trim() === '' ? undefined : answer.trim();
}
