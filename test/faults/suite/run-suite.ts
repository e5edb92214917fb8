import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '#libs/core';
import { repositoryRoot, statePaths } from '../../../tools/lib/paths.ts';
import type { Progress } from '../../../tools/lib/progress.ts';
import { describeFailure } from '../../../tools/lib/user-error.ts';
import { startWorld, type World } from '../world/world.ts';
import type { SuiteArguments } from './arguments.ts';
import { closingChecks } from './closing-checks.ts';
import { type FaultReport, type FaultTest, plainReport } from './fault-test.ts';
import type { Finished } from './table.ts';

/** Where a run tells what it is doing and what came of it. */
export interface SuiteOutput {
  readonly progress: Progress;
  /** One line while it runs. */
  readonly say: (text: string) => void;
}

/** Least time for which a fault is active: fewer seconds show nothing. */
const LEAST_ACTIVE_MS = 6_000;
/** Load before and after a fault, and settling when all is well. */
const AROUND_MS = 6_000;

/**
 * Runs the chosen faults one after the other on one system, and then what must hold over the whole run. Ends everything it
 * started, whatever happens.
 *
 * @throws when the system cannot be started, or the signal's reason when aborted.
 */
export async function runSuite(
  wanted: SuiteArguments,
  environment: NodeJS.ProcessEnv,
  output: SuiteOutput,
  signal: AbortSignal,
): Promise<Finished[]> {
  const needsWorld = wanted.tests.some(({ alone }) => alone !== true);
  if (!needsWorld) return runAll(wanted, undefined, output, signal);
  const world = await startWorld({
    environment,
    progress: output.progress,
    tenants: wanted.tenants,
    signal,
  });
  let keep = true;
  try {
    const finished = [...(await runAll(wanted, world, output, signal)), ...(await closingChecks(world))];
    keep = finished.some(({ report }) => report.failures.length > 0);
    return finished;
  } finally {
    if (keep) output.say(`logs are kept in ${keepLogs(world, wanted.seed)}`);
    await world.stop();
  }
}

/** Copies the logs of all processes to where the next run does not clear them away; those of the last failed run only. */
function keepLogs(world: World, seed: number): string {
  const folder = join(statePaths().root, 'faults');
  rmSync(folder, { recursive: true, force: true });
  const target = join(folder, String(seed));
  cpSync(world.logs, target, { recursive: true });
  for (const name of ['kafka.log', 'registry.log', 'postgres.log'])
    cpSync(join(world.infrastructure.folder, name), join(target, name));
  return target;
}

async function runAll(
  wanted: SuiteArguments,
  world: World | undefined,
  { say }: SuiteOutput,
  signal: AbortSignal,
): Promise<Finished[]> {
  const finished: Finished[] = [];
  const weights = wanted.tests.reduce((sum, { weight }) => sum + weight, 0);
  for (const test of wanted.tests) {
    signal.throwIfAborted();
    const share = (wanted.minutes * 60_000 * test.weight) / weights;
    const began = performance.now();
    const running = runOne(test, {
      // Alone, a fault needs no world and must not touch it.
      world: world as World,
      activeMs: Math.max(share - AROUND_MS, LEAST_ACTIVE_MS),
      // Each fault has a stream of its own, so that `--only` repeats what it did in the whole.
      random: seededRandom(wanted.seed ^ hashOf(test.id)),
      eventsPerSecond: wanted.eventsPerSecond,
      judgesSpeed: !wanted.short,
      note: () => undefined,
    });
    // What a stopped fault still does ends with the system that is taken from under it.
    const report = await Promise.race([running, aborted(signal)]);
    finished.push({ test, report });
    const seconds = ((performance.now() - began) / 1_000).toFixed(0);
    const mark = report.failures.length === 0 ? '✓' : '✗';
    say(`${mark} ${test.id} ${test.title} (${seconds} s: ${inShort(report)})`);
    for (const failure of report.failures) say(`    ${failure}`);
  }
  return finished;
}

/** Rejects with the signal's reason once it is given: a fault may be active for minutes. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const give = (): void => reject(signal.reason as Error);
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}

/** The counts of a fault in one line, for whoever watches a long run. */
function inShort({
  injected,
  events,
  effects,
  lost,
  duplicated,
  uncertain,
  recoveryMs,
}: FaultReport): string {
  const recovery = recoveryMs === undefined ? '' : `, recovered in ${(recoveryMs / 1_000).toFixed(1)} s`;
  return `${injected} injected, ${events} events, ${effects} effects, ${lost} lost, ${duplicated} doubled, ${uncertain} uncertain${recovery}`;
}

async function runOne(test: FaultTest, run: Parameters<FaultTest['run']>[0]): Promise<Finished['report']> {
  try {
    return await test.run(run);
  } catch (error) {
    if (test.alone !== true) await run.world.heal().catch(() => undefined);
    return plainReport({
      injected: 0,
      figures: {},
      failures: [`could not be run to its end: ${describeFailure(error)}`],
    });
  }
}

/** The commit that was tested, with a mark when files have changed since. */
export function testedCommit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: repositoryRoot,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    return (
      git('rev-parse', '--short=12', 'HEAD') + (git('status', '--porcelain') === '' ? '' : ' with changes')
    );
  } catch {
    return 'unknown';
  }
}

function hashOf(text: string): number {
  return Buffer.from(text).reduce((hash, byte) => Math.imul(hash, 31) + byte, 17);
}
