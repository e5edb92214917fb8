import { readFileSync } from 'node:fs';
import { runCommand } from './lib/command.ts';
import { parseMutantArguments } from './mutants/arguments.ts';
import { mutants } from './mutants/mutants.ts';
import { runOnce } from './mutants/run-once.ts';
import { runSimulation } from './mutants/run-simulation.ts';
import { countTrials, describeTrial, type Trial, tryMutants } from './mutants/try-mutants.ts';

/** `npm run mutants`; its help is mutants.help.txt. */
await runCommand(async (args) => {
  const options = parseMutantArguments(args, mutants);
  if (options.help) {
    console.log(readFileSync(new URL('mutants.help.txt', import.meta.url), 'utf8').trimEnd());
    return 0;
  }
  if (options.list) {
    for (const { name, removes, caughtBy, note } of options.chosen)
      console.log(`${name}  (${caughtBy.join(', ')})\n    without ${removes}${note ? `\n    ${note}` : ''}`);
    return 0;
  }
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
  const tell = (trial: Trial): void => {
    if (!options.json) console.log(describeTrial(trial));
  };
  const trials = await tryMutants(
    options.chosen,
    options.suite === 'simulation' ? runSimulation : runOnce,
    tell,
    { signal: stopping.signal },
  );
  const failed = trials.filter(({ passed }) => !passed).length;
  if (options.json) {
    const rows = trials.map(({ mutant, ...row }) => ({ mutant: mutant?.name ?? null, ...row }));
    console.log(JSON.stringify({ ok: failed === 0, trials: rows }));
  } else console.log(`\n${countTrials(trials)}`);
  return failed === 0 ? 0 : 1;
});
