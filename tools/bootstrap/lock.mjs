import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { processIdentity } from './process-identity.mjs';

/** How long a lock folder may be without its note of the owner before it counts as left behind. */
const NOTE_GRACE_MS = 5_000;

/**
 * Runs `work` while this process holds the lock folder, so that two commands that were started at once do the same
 * installation one after the other. mkdir is atomic on every file system that we meet; the folder holds id and identity of
 * the owner, and a lock whose owner has died is taken over, also when its id went to another process: in a container the
 * next start has the very same one.
 *
 * @template T
 * @param {string} folder the lock; its parent is created when needed
 * @param {() => Promise<T> | T} work
 * @param {{ onWait?: (ownerPid: number | undefined) => void, pollMs?: number }} [options] `onWait` is called once, before the first wait
 * @returns {Promise<T>}
 */
export async function withLock(folder, work, options = {}) {
  mkdirSync(dirname(folder), { recursive: true });
  let said = false;
  let ownerlessSince;
  while (!tryTake(folder)) {
    const owner = readOwner(folder);
    ownerlessSince = owner === undefined ? (ownerlessSince ?? Date.now()) : undefined;
    const abandoned = owner === undefined ? Date.now() - ownerlessSince > NOTE_GRACE_MS : isGone(owner);
    if (abandoned) {
      dropAbandoned(folder, owner);
      continue;
    }
    if (!said) options.onWait?.(owner?.pid);
    said = true;
    await delay(options.pollMs ?? 200);
  }
  try {
    return await work();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function tryTake(folder) {
  try {
    mkdirSync(folder);
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(join(folder, 'pid'), `${process.pid}\n${processIdentity(process.pid) ?? ''}`);
  return true;
}

function readOwner(folder) {
  try {
    const [first = '', identity = ''] = readFileSync(join(folder, 'pid'), 'utf8').split('\n');
    const pid = Number.parseInt(first, 10);
    return Number.isInteger(pid) && pid > 0 ? { pid, identity } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Of several that notice a dead owner only one may clear the lock: the rename can succeed once. Should the winner find
 * that it took the lock of a new owner, it puts that back.
 */
function dropAbandoned(folder, deadOwner) {
  const aside = `${folder}.dead-${process.pid}`;
  try {
    renameSync(folder, aside);
  } catch {
    return;
  }
  if (isDeepStrictEqual(readOwner(aside), deadOwner)) {
    rmSync(aside, { recursive: true, force: true });
    return;
  }
  try {
    renameSync(aside, folder);
  } catch {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** Whether the owner has ended, whoever has its id now. */
function isGone({ pid, identity }) {
  const now = processIdentity(pid);
  if (now === undefined) return !isRunning(pid);
  // An earlier version wrote no identity. We would have written ours.
  return identity === '' ? pid === process.pid : now !== identity;
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    // Where the system tells of us and not of a process that we may signal, that is a zombie.
    return processIdentity(process.pid) === undefined;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
