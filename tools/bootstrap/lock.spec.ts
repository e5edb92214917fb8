import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withLock } from './lock.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-spec-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the lock folder', () => {
  test('lets one piece of work run after the other and tells who is waited for', async () => {
    const lock = join(folder, 'lock');
    const story: string[] = [];
    let finishFirst = (): void => {};
    const first = withLock(lock, async () => {
      story.push('first begins');
      await new Promise<void>((resolve) => {
        finishFirst = resolve;
      });
      story.push('first ends');
    });
    const second = withLock(lock, () => story.push('second'), {
      pollMs: 5,
      onWait: (pid) => {
        story.push(`waits for ${pid === process.pid ? 'first' : String(pid)}`);
        finishFirst();
      },
    });
    await Promise.all([first, second]);
    expect(story).toEqual(['first begins', 'waits for first', 'first ends', 'second']);
    expect(existsSync(lock)).toBe(false);
  });

  test('is given back when the work fails', async () => {
    const lock = join(folder, 'lock');
    await expect(withLock(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(existsSync(lock)).toBe(false);
  });

  test('takes over the lock of a process that has died', async () => {
    const dead = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => dead.once('exit', resolve));
    const lock = join(folder, 'lock');
    mkdirSync(lock);
    writeFileSync(join(lock, 'pid'), String(dead.pid));
    expect(await withLock(lock, () => 'mine', { pollMs: 5 })).toBe('mine');
  });

  test.each([
    ['noted by an earlier version', String(process.pid)],
    ['that began at another time', `${process.pid}\nanother boot/1`],
  ])('takes over the lock of a process with our own id, %s', async (_case, note) => {
    const lock = join(folder, 'lock');
    mkdirSync(lock);
    writeFileSync(join(lock, 'pid'), note);
    const waits: unknown[] = [];
    const onWait = (pid: number | undefined): void => void waits.push(pid);
    expect(await withLock(lock, () => 'mine', { pollMs: 5, onWait })).toBe('mine');
    expect(waits).toEqual([]);
  });

  test('waits for a process that was noted by an earlier version and lives', async () => {
    const lock = join(folder, 'lock');
    mkdirSync(lock);
    writeFileSync(join(lock, 'pid'), String(process.ppid));
    const waits: unknown[] = [];
    const onWait = (pid: number | undefined): void => {
      waits.push(pid);
      rmSync(lock, { recursive: true });
    };
    expect(await withLock(lock, () => 'mine', { pollMs: 5, onWait })).toBe('mine');
    expect(waits).toEqual([process.ppid]);
  });
});
