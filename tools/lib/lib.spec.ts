import { createServer, type Server } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readJsonFile, writePrivateJsonFile } from './json-file.ts';
import { assertPortsFree, freePorts, isPortFree } from './ports.ts';
import { commandLine, isAlive, isSameProcess, processIdentity } from './process-identity.ts';
import { endProcess, logTail, startProcess } from './processes.ts';
import { terminalProgress } from './terminal-progress.ts';
import { describeFailure, UserError } from './user-error.ts';
import { settleAll, waitFor, WaitTimeoutError } from './wait.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tools-lib-spec-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function occupy(): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

describe('ports', () => {
  test('that are given out are different and free', async () => {
    const ports = await freePorts(5);
    expect(new Set(ports).size).toBe(5);
    for (const port of ports) expect(await isPortFree(port)).toBe(true);
  });

  test('that are taken are named with the service that wanted them and with the remedy', async () => {
    const taken = await occupy();
    const [free = 0] = await freePorts(1);
    const claims = [
      { name: 'console 1', port: taken },
      { name: 'ingress 1', port: free },
    ];
    await expect(assertPortsFree(claims)).rejects.toThrow(
      `Another program listens on port ${taken} (console 1). Stop that program, or move all ports of Ledgerwire, for instance with LEDGERWIRE_PORT_BASE=5400`,
    );
    await assertPortsFree([{ name: 'ingress 1', port: free }]);
  });
});

describe('processes', () => {
  test('are recognised by more than their number', () => {
    expect(isSameProcess(process.pid, processIdentity(process.pid))).toBe(true);
    expect(isSameProcess(process.pid, 'a process that began at another time')).toBe(false);
    expect(isSameProcess(process.pid, undefined)).toBe(false);
    expect(isAlive(4_194_300)).toBe(false);
    expect(commandLine(process.pid)).toContain('node');
  });

  test('leave what they print in their log, and tell how they ended', async () => {
    const folder = temporaryFolder();
    const logFile = join(folder, 'logs', 'one.log');
    const started = await startProcess({
      name: 'one',
      command: process.execPath,
      args: ['-e', 'console.log("out"); console.error("err"); process.exitCode = 7'],
      environment: process.env,
      workingDirectory: folder,
      logFile,
    });
    expect(await started.exited).toEqual({ code: 7, signal: null });
    expect(logTail(logFile).split('\n').sort()).toEqual(['err', 'out']);
  });

  test('that cannot be started are named', async () => {
    const folder = temporaryFolder();
    const spec = { name: 'ghost', command: join(folder, 'missing'), args: [], environment: {} };
    const start = startProcess({ ...spec, workingDirectory: folder, logFile: join(folder, 'ghost.log') });
    await expect(start).rejects.toThrow('cannot start ghost');
  });

  test('that are gone already need not be ended', async () => {
    expect(await endProcess(4_194_300, { graceMs: 10 })).toBe('gone');
  });
});

describe('waiting', () => {
  test('ends when the answer is yes', async () => {
    let asked = 0;
    await waitFor(async () => (asked += 1) === 3, { what: 'the third', timeoutMs: 5_000, intervalMs: 1 });
    expect(asked).toBe(3);
  });

  test('says what did not happen', async () => {
    const waiting = waitFor(async () => false, { what: 'an answer', timeoutMs: 5, intervalMs: 1 });
    await expect(waiting).rejects.toThrow(WaitTimeoutError);
    await expect(waiting).rejects.toThrow('an answer did not happen within 0.005 s');
  });

  test('for several waits for the others when one fails', async () => {
    let finished = false;
    const slow = async (): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      finished = true;
    };
    await expect(settleAll([Promise.reject(new Error('first')), slow()])).rejects.toThrow('first');
    expect(finished).toBe(true);
  });
});

describe('JSON files', () => {
  const schema = z.object({ port: z.number() });

  test('come back as they were written, and are undefined when there is none', () => {
    const file = join(temporaryFolder(), 'deep', 'file.json');
    expect(readJsonFile(file, schema)).toBeUndefined();
    writePrivateJsonFile(file, { port: 1 });
    expect(readJsonFile(file, schema)).toEqual({ port: 1 });
  });

  test('that were damaged are reported with the remedy', () => {
    const file = join(temporaryFolder(), 'file.json');
    writeFileSync(file, '{"port":"1"');
    expect(() => readJsonFile(file, schema)).toThrow(`${file} is not in the form`);
  });
});

describe('failures', () => {
  test('that a person can mend are told without a stack trace, others with it', () => {
    expect(describeFailure(new UserError('Install Java.'))).toBe('Install Java.');
    expect(describeFailure(new Error('a bug'))).toContain('lib.spec.ts');
    expect(describeFailure('thrown text')).toBe('thrown text');
  });
});

describe('progress', () => {
  const screen = (isTTY: boolean): { text: () => string; write: (text: string) => void; isTTY: boolean } => {
    let written = '';
    return { isTTY, text: () => written, write: (text) => (written += text) };
  };

  test('is plain lines where nobody watches', () => {
    const out = screen(false);
    const step = terminalProgress(out).begin('Kafka');
    step.detail('loading');
    step.done('ready');
    expect(out.text()).toMatch(/^… Kafka\n✓ Kafka \d+\.\d s, ready\n$/);
  });

  test('moves on a terminal, with finished steps above the running ones', () => {
    const out = screen(true);
    const progress = terminalProgress(out);
    const kafka = progress.begin('Kafka');
    const postgres = progress.begin('PostgreSQL');
    postgres.done();
    const lastDrawing = out.text().slice(out.text().lastIndexOf('\u001b[J'));
    expect(lastDrawing.indexOf('PostgreSQL')).toBeLessThan(lastDrawing.indexOf('Kafka'));
    kafka.failed();
    progress.close();
    expect(out.text()).toContain('✗');
  });
});
