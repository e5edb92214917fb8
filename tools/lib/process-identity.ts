import { readFileSync } from 'node:fs';
import { askPs, processIdentity } from '../bootstrap/process-identity.mjs';

export { processIdentity };

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
    return askPs('command=', pid);
  } catch {
    return undefined;
  }
}
