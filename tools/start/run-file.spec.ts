import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAlive, processIdentity } from '../lib/process-identity.ts';
import { clearEarlierRun, readRunFile, RunFile } from './run-file.ts';

let folder: string;
let file: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-file-spec-'));
  file = join(folder, 'run.json');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function sleeper(): number {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  children.push(child);
  if (child.pid === undefined) throw new Error('no process');
  return child.pid;
}

function leaveBehind(launcher: object, processes: object[]): void {
  const run = {
    startedAt: '2026-11-21T00:00:00Z',
    portBase: 4400,
    urls: { console: 'http://c' },
    launcher,
    processes,
  };
  writeFileSync(file, JSON.stringify(run));
}

describe('run.json', () => {
  test('names every process and puts a new one in the place of the dead one', () => {
    const run = new RunFile(file, { portBase: 4400, urls: { console: 'http://127.0.0.1:4400' } });
    run.set({ service: 'mapper', instance: 1, pid: 11, ports: [4412], logFile: 'a.log' });
    run.set({ service: 'mapper', instance: 2, pid: 12, ports: [4512], logFile: 'b.log' });
    run.set({ service: 'mapper', instance: 1, pid: 13, ports: [4412], logFile: 'a.log' });
    expect(readRunFile(file)?.processes.map(({ instance, pid }) => [instance, pid])).toEqual([
      [1, 13],
      [2, 12],
    ]);
    expect(readRunFile(file)?.launcher.pid).toBe(process.pid);
  });

  test('can be read by its owner alone', () => {
    new RunFile(file, { portBase: 4400, urls: {} });
    expect(statSync(file).mode & 0o077).toBe(0);
  });

  test('is gone after an orderly end', () => {
    new RunFile(file, { portBase: 4400, urls: {} }).remove();
    expect(readRunFile(file)).toBeUndefined();
  });
});

describe('a new start', () => {
  test('is refused while the earlier launcher lives', async () => {
    leaveBehind({ pid: process.pid, identity: processIdentity(process.pid) }, []);
    await expect(clearEarlierRun(file)).rejects.toThrow(
      `running already from this folder (process ${process.pid}`,
    );
  });

  test('ends the processes that a killed launcher left behind, and only those', async () => {
    const [ours, reused] = [sleeper(), sleeper()];
    leaveBehind({ pid: 4_194_300, identity: 'gone' }, [
      { service: 'mapper', instance: 1, pid: ours, identity: processIdentity(ours), ports: [4412] },
      { service: 'fetcher', instance: 1, pid: reused, identity: 'an earlier process', ports: [4411] },
    ]);
    expect(await clearEarlierRun(file)).toBe(1);
    expect([isAlive(ours), isAlive(reused)]).toEqual([false, true]);
    expect(readRunFile(file)).toBeUndefined();
  });

  test('says what to do with a file that it cannot read', async () => {
    writeFileSync(file, '{"half":');
    await expect(clearEarlierRun(file)).rejects.toThrow('Delete it and start again');
    expect(readFileSync(file, 'utf8')).toBe('{"half":');
  });
});
