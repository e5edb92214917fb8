import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { statePaths } from '../../tools/lib/paths.ts';
import { assertPortsFree } from '../../tools/lib/ports.ts';
import { silentProgress } from '../../tools/lib/progress.ts';
import { playScenario } from '../../tools/once/play-scenario.ts';
import { parseStartArguments } from '../../tools/start/arguments.ts';
import { planInstances, portClaims } from '../../tools/start/layout.ts';
import { type RunningSystem, startSystem } from '../../tools/start/start-system.ts';

const root = mkdtempSync(join(tmpdir(), 'ledgerwire-e2e-'));
const paths = { ...statePaths(root), lib: statePaths().lib };
const startArguments = parseStartArguments(['--fresh']);
let system: RunningSystem;

beforeAll(async () => {
  system = await startSystem({
    arguments: startArguments,
    paths,
    environment: { ...process.env, LEDGERWIRE_PORT_BASE: String(await freePortBase()) },
    progress: silentProgress,
    notice: () => undefined,
    signal: new AbortController().signal,
  });
});

afterAll(async () => {
  await system.stop();
  rmSync(root, { recursive: true, force: true });
});

test('every event of the scenario has its effects exactly once', async () => {
  expect(await playScenario(system, { json: true })).toEqual({ ok: true });
});

test('and still so when every service is killed while it plays', async () => {
  const playing = playScenario(system, { json: true });
  for (const service of ['fetcher', 'mapper', 'twilio-sender', 'ingress', 'console', 'token-broker']) {
    await new Promise((resolve) => {
      setTimeout(resolve, 700);
    });
    process.kill(pidOf(service), 'SIGKILL');
  }
  expect(await playing).toEqual({ ok: true });
});

function pidOf(service: string): number {
  const run = JSON.parse(readFileSync(paths.runFile, 'utf8')) as {
    processes: { service: string; pid: number }[];
  };
  const found = run.processes.find((process) => process.service === service);
  if (!found) throw new Error(`${service} is not in run.json`);
  return found.pid;
}

/** Port bases are far apart; the first one is taken whose ports are all free. */
async function freePortBase(): Promise<number> {
  for (let base = 21_400; base < 60_000; base += 1_000) {
    try {
      await assertPortsFree(portClaims(base, planInstances(base, startArguments.scale)));
      return base;
    } catch {
      continue;
    }
  }
  throw new Error('no free ports');
}
