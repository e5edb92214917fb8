import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

/** What a command does that npm starts: hands over to a script, which writes down that it began and was asked to end. */
const COMMAND = `
  import { handOver } from '${new URL('./hand-over.mjs', import.meta.url).href}';
  import { watchNpm } from '${new URL('./npm-watch.mjs', import.meta.url).href}';
  const [script, folder] = process.argv.slice(2);
  const task = { root: folder, nodePath: process.execPath, script, args: [folder], npmIsThere: watchNpm() };
  process.exitCode = await handOver(task);
`;
const SCRIPT = `
  import { writeFileSync } from 'node:fs';
  const [folder] = process.argv.slice(2);
  process.on('SIGTERM', () => {
    writeFileSync(folder + '/ended', 'SIGTERM');
    process.exit(0);
  });
  setTimeout(() => process.exit(1), 30_000);
  writeFileSync(folder + '/began', process.ppid + ' ' + process.pid);
`;
/** What npm does: a shell for the command, and nothing that reaches further down. */
const NPM = `
  const { spawn } = require('node:child_process');
  const [line] = process.argv.slice(1);
  const shell = spawn('sh', ['-c', line], { stdio: 'ignore' });
  process.on('SIGTERM', () => shell.kill('SIGTERM'));
  shell.on('exit', () => process.exit(0));
`;

let folder: string;
let npm: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hand-over-spec-'));
  writeFileSync(join(folder, 'command.mjs'), COMMAND);
  writeFileSync(join(folder, 'script.mjs'), SCRIPT);
});
afterEach(async () => {
  for (const pid of begun()) end(pid);
  if (npm && npm.exitCode === null && npm.signalCode === null) {
    npm.kill('SIGKILL');
    await once(npm, 'exit');
  }
  rmSync(folder, { recursive: true, force: true });
});

/** The processes of the command and of the script, once the script runs. */
function begun(): number[] {
  const file = join(folder, 'began');
  return existsSync(file) ? readFileSync(file, 'utf8').split(' ').map(Number) : [];
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

async function runUnderNpm(variables: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const { npm_lifecycle_event: _ours, ...environment } = process.env;
  const line = `"${process.execPath}" command.mjs script.mjs "${folder}"; true`;
  npm = spawn(process.execPath, ['-e', NPM, line], {
    cwd: folder,
    env: { ...environment, ...variables },
    stdio: 'ignore',
  });
  await vi.waitFor(() => expect(begun()).toHaveLength(2), { timeout: 20_000, interval: 50 });
  return npm;
}

describe.skipIf(process.platform !== 'linux')('a command that npm started', () => {
  test.each(['SIGTERM', 'SIGKILL'] as const)('ends when npm gets a %s', async (signal) => {
    const parent = await runUnderNpm({ npm_lifecycle_event: 'start' });
    parent.kill(signal);
    await vi.waitFor(() => expect(existsSync(join(folder, 'ended'))).toBe(true), {
      timeout: 20_000,
      interval: 50,
    });
  });

  test('goes on without its shell when it was not npm that started it', async () => {
    const parent = await runUnderNpm({});
    parent.kill('SIGTERM');
    await once(parent, 'exit');
    // Longer than the watch takes to look: what must not happen cannot be waited for otherwise.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(existsSync(join(folder, 'ended'))).toBe(false);
  });
});
