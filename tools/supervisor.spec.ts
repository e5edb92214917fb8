import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePorts } from './lib/ports.ts';
import { isAlive } from './lib/process-identity.ts';
import type { StartedProcess } from './lib/processes.ts';
import { waitFor } from './lib/wait.ts';
import { Supervisor, type SupervisedSpec } from './supervisor.ts';

/** Answers 200 as soon as it listens; `MODE` makes it misbehave. */
const SERVICE = `
import { createServer } from 'node:http';
if (process.env.MODE === 'broken') { console.log('PORT is not what I like'); process.exit(3); }
if (process.env.MODE === 'stubborn') process.on('SIGTERM', () => {});
createServer((_, response) => response.end('ok')).listen(Number(process.env.PORT), '127.0.0.1');
`;

let folder: string;
let supervisor: Supervisor;
let started: { spec: SupervisedSpec; process: StartedProcess }[];
let restarts: { reason: string; delayMs: number }[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'supervisor-spec-'));
  writeFileSync(join(folder, 'service.mjs'), SERVICE);
  started = [];
  restarts = [];
  supervisor = new Supervisor({
    onProcess: (spec, process) => started.push({ spec, process }),
    onRestart: (_spec, reason, delayMs) => restarts.push({ reason: reason.message, delayMs }),
    firstBackoffMs: 5,
    maxBackoffMs: 20,
  });
});

afterEach(async () => {
  await supervisor.stop(2_000);
  rmSync(folder, { recursive: true, force: true });
});

async function spec(mode = 'good'): Promise<SupervisedSpec> {
  const [port = 0] = await freePorts(1);
  return {
    name: 'mapper 1',
    command: process.execPath,
    args: [join(folder, 'service.mjs')],
    environment: { ...process.env, PORT: String(port), MODE: mode },
    workingDirectory: folder,
    logFile: join(folder, 'mapper-1.log'),
    readyUrl: `http://127.0.0.1:${port}/health/ready`,
  };
}

const pids = (): number[] => started.map(({ process }) => process.pid);

describe('the supervisor', () => {
  test('calls a process started when it answers that it is ready', async () => {
    const wanted = await spec();
    await supervisor.start(wanted);
    expect((await fetch(wanted.readyUrl)).status).toBe(200);
    expect(started.map((entry) => entry.spec)).toEqual([wanted]);
  });

  test('starts a killed process again, with a longer pause each time it dies', async () => {
    const wanted = await spec();
    await supervisor.start(wanted);
    for (const count of [1, 2, 3, 4]) {
      process.kill(pids().at(-1) ?? 0, 'SIGKILL');
      await waitFor(async () => pids().length === count + 1, { what: 'a restart', timeoutMs: 10_000 });
    }
    expect(new Set(pids()).size).toBe(5);
    expect(restarts.map(({ delayMs }) => delayMs)).toEqual([5, 10, 20, 20]);
    expect(restarts[0]?.reason).toContain('mapper 1 ended (SIGKILL)');
  });

  test('gives up on a process that dies before it was ready, and shows the end of its log', async () => {
    await expect(supervisor.start(await spec('broken'))).rejects.toThrow(
      /mapper 1 ended \(exit code 3\)[^]*PORT is not what I like/,
    );
    expect(restarts).toEqual([]);
  });

  test('ends everything that it started, and starts nothing again', async () => {
    await supervisor.start(await spec());
    await supervisor.stop();
    expect(pids().filter((pid) => isAlive(pid))).toEqual([]);
    expect(restarts).toEqual([]);
  });

  test('kills a process that does not end when it is asked to', async () => {
    await supervisor.start(await spec('stubborn'));
    await supervisor.stop(50);
    expect(pids().filter((pid) => isAlive(pid))).toEqual([]);
  });

  test('keeps what every life of a process printed in one log', async () => {
    const wanted = await spec();
    writeFileSync(wanted.logFile, 'from an earlier start\n');
    await supervisor.start(wanted);
    expect(readFileSync(wanted.logFile, 'utf8')).toContain('from an earlier start');
  });
});
