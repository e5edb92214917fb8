import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { statePaths } from '../lib/paths.ts';
import { assertPortsFree } from '../lib/ports.ts';
import type { Progress } from '../lib/progress.ts';
import { UserError } from '../lib/user-error.ts';
import { requestJson } from '../once/http.ts';
import { untilQuiet } from './cpu.ts';
import { parseScale, planInstances, portClaims, type Scale } from '../start/layout.ts';
import { readRunFile, type RunProcess } from '../start/run-file.ts';
import { type RunningSystem, startSystem } from '../start/start-system.ts';
import { requireSandbox } from '../start/vendor-variables.ts';

/** What every bench gets from the command. */
export interface BenchSurroundings {
  readonly progress: Progress;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Where services write CPU profiles when they end; not at all when undefined. */
  readonly profiles?: string | undefined;
}

/** A system of the benchmark's own, with the doubles' limits taken away. */
export interface BenchSystem {
  readonly system: RunningSystem;
  /** The processes that run now. */
  processes(): readonly RunProcess[];
  /** Resolves when the services have worked off what they had. */
  untilQuiet(): Promise<void>;
  /** Throws when a service had to be started again: what was measured then is not the product. */
  assertUndisturbed(): void;
}

/** Of a core, all services together; idle they take 2 %, and about 20 % when their profiles are taken. */
const QUIET_SHARE = 0.1;
const PROFILED_QUIET_SHARE = 0.5;

/**
 * Starts a system with empty data, lets `work` use it and throws it away.
 *
 * @throws what `work` throws; UserError when the system cannot be started or a vendor is a real one.
 */
export async function withBenchSystem<T>(
  scale: readonly string[],
  { progress, environment, signal, profiles }: BenchSurroundings,
  work: (bench: BenchSystem) => Promise<T>,
): Promise<T> {
  requireSandbox('npm run bench', environment);
  const root = mkdtempSync(join(tmpdir(), 'ledgerwire-bench-'));
  const paths = { ...statePaths(root), lib: statePaths().lib };
  const restarts: string[] = [];
  const base = environment['LEDGERWIRE_PORT_BASE'] ?? String(await freePortBase(parseScale(scale)));
  try {
    const system = await startSystem({
      arguments: { fresh: true, install: false, scale: parseScale(scale) },
      paths,
      environment: { LOG_LEVEL: 'warn', ...environment, ...profiling(profiles), LEDGERWIRE_PORT_BASE: base },
      progress,
      notice: (text) => restarts.push(text),
      signal,
    });
    try {
      await liftLimits(system);
      const processes = (): readonly RunProcess[] => readRunFile(paths.runFile)?.processes ?? [];
      const quietShare = profiles === undefined ? QUIET_SHARE : PROFILED_QUIET_SHARE;
      const bench: BenchSystem = {
        system,
        processes,
        untilQuiet: () => untilQuiet(processes(), quietShare),
        assertUndisturbed: () => {
          if (restarts.length > 0)
            throw new UserError(`A service ended while it was measured: ${restarts.join(' ')}`);
        },
      };
      return await Promise.race([work(bench), system.failed, untilAborted(signal)]);
    } finally {
      await system.stop();
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function profiling(folder: string | undefined): NodeJS.ProcessEnv {
  return folder === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}` };
}

/** What the vendors allow is not what is measured. */
async function liftLimits(system: RunningSystem): Promise<void> {
  const none = {
    xero: { perTenantMinute: null, perTenantConcurrent: null, perTenantDay: null, perAppMinute: null },
    twilio: { concurrent: null, perSecond: null },
  };
  for (const [vendor, limits] of Object.entries(none)) {
    await requestJson(`${system.sandbox.sandboxUrl}/__sandbox/limits`, {
      method: 'POST',
      body: { vendor, ...limits },
    });
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

async function freePortBase(scale: Scale): Promise<number> {
  for (let base = 14_400; base < 32_000; base += 1_000) {
    try {
      await assertPortsFree(portClaims(base, planInstances(base, scale)));
      return base;
    } catch {
      continue;
    }
  }
  throw new UserError('There are no free ports. LEDGERWIRE_PORT_BASE says where to listen.');
}
