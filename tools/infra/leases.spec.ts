import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isAlive, processIdentity } from '../lib/process-identity.ts';
import { openLease, sweepLeases } from './leases.ts';

let root: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'leases-spec-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

function sleeper(): { pid: number; identity: string | undefined } {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  children.push(child);
  if (child.pid === undefined) throw new Error('no process');
  return { pid: child.pid, identity: processIdentity(child.pid) };
}

test('what a killed test run left behind is ended and removed', async () => {
  const elsewhere = join(root, 'elsewhere');
  const left = join(root, 'runs', '4194300-dead');
  mkdirSync(elsewhere);
  mkdirSync(left, { recursive: true });
  const server = sleeper();
  const owner = { pid: 4_194_300, identity: 'gone' };
  writeFileSync(
    join(left, 'lease.json'),
    JSON.stringify({ owner, processes: [server], folders: [elsewhere] }),
  );
  await sweepLeases(join(root, 'runs'));
  expect(isAlive(server.pid)).toBe(false);
  expect([existsSync(left), existsSync(elsewhere)]).toEqual([false, false]);
});

test('what a running test run uses is left alone', async () => {
  const lease = openLease(root);
  const server = sleeper();
  lease.note([server], []);
  await sweepLeases(root);
  expect(isAlive(server.pid)).toBe(true);
  expect(existsSync(lease.folder)).toBe(true);
  lease.release();
  expect(existsSync(lease.folder)).toBe(false);
});

test('a process that only inherited the number of one that was noted is left alone', async () => {
  const left = join(root, '4194300-dead');
  mkdirSync(left);
  const stranger = { ...sleeper(), identity: 'an earlier process' };
  const owner = { pid: 4_194_300, identity: 'gone' };
  writeFileSync(join(left, 'lease.json'), JSON.stringify({ owner, processes: [stranger], folders: [] }));
  await sweepLeases(root);
  expect(isAlive(stranger.pid)).toBe(true);
});
