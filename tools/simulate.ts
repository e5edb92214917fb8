import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './lib/command.ts';
import { UserError } from './lib/user-error.ts';
import { parseSimulationArguments, type SimulationArguments } from './simulation/arguments.ts';
import { compileSimulation } from './simulation/compile.ts';
import { type Played, planPortions, playPortions } from './simulation/play.ts';
import { SimulationWorker } from './simulation/workers.ts';

/** `npm run simulate`; its help is simulate.help.txt. */
await runCommand(async (args) => {
  const wanted = parseSimulationArguments(args);
  if (wanted.help) {
    console.log(readFileSync(join(import.meta.dirname, 'simulate.help.txt'), 'utf8').trimEnd());
    return 0;
  }
  const program = await compileSimulation(wanted.tree);
  const count = wanted.seed === undefined ? wanted.workers : 1;
  const workers = Array.from({ length: count }, () => new SimulationWorker(program));
  try {
    const [first] = workers;
    if (!first) throw new UserError('--workers must be above 0');
    if (wanted.seed !== undefined)
      return await show(first, wanted.scenario ?? '', wanted.seed, wanted.shrink);
    return await play(workers, first, wanted);
  } finally {
    await Promise.all(workers.map((worker) => worker.close()));
  }
});

async function play(
  workers: readonly SimulationWorker[],
  first: SimulationWorker,
  wanted: SimulationArguments,
): Promise<number> {
  const began = performance.now();
  const portions = planPortions(await first.list(), wanted);
  if (portions.length === 0) throw new UserError(`there is no scenario ${wanted.scenario}`);
  const { sums, failed } = await playPortions(workers, portions, wanted.keepGoing);
  report(sums, (performance.now() - began) / 1_000);
  const [one] = failed;
  if (!one) return 0;
  for (const { scenario, seed, violations } of failed.slice(0, 20))
    console.log(`✗ ${scenario} seed ${seed}: ${violations[0] ?? ''}`);
  if (wanted.brief) return 1;
  console.log(`${failed.length} failed; the first, as short as it could be made:\n`);
  return show(first, one.scenario, one.seed, true);
}

function report(sums: Played['sums'], seconds: number): void {
  for (const { scenario, seeds, events, faults, virtualMs, failed } of sums.values()) {
    const hours = (virtualMs / 3_600_000).toFixed(0);
    console.log(
      `${scenario.padEnd(10)} ${seeds} seeds, ${events} events, ${faults} faults, ${hours} h of virtual time, ${failed.length} failed`,
    );
  }
  console.log(`${seconds.toFixed(1)} s`);
}

async function show(
  worker: SimulationWorker,
  scenario: string,
  seed: number,
  shrink: boolean,
): Promise<number> {
  const { violations, history, strikes, strikesBefore } = await worker.show(scenario, seed, shrink);
  for (const line of abridged(history)) console.log(line);
  const before = strikesBefore > 0 ? ` (${strikesBefore} before shrinking)` : '';
  console.log(`\nSteps and faults${before}:`);
  for (const strike of strikes) console.log(`  ${strike}`);
  if (violations.length === 0) {
    console.log('\nEvery promise was kept.');
    return 0;
  }
  console.log('\nBroken:');
  for (const violation of violations) console.log(`  ${violation}`);
  console.log(`\nTo see it again: npm run simulate -- --scenario ${scenario} --seed ${seed} --shrink`);
  return 1;
}

/** Work that fails again and again for hours fills a history; its beginning and its end say enough. */
function abridged(history: readonly string[]): readonly string[] {
  const [most, last] = [400, 60];
  if (history.length <= most) return history;
  const left = history.length - most;
  return [...history.slice(0, most - last), `… ${left} lines …`, ...history.slice(-last)];
}
