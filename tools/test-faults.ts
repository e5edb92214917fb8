import { mutantsToTry, trialsWith } from '../test/faults/mutants/trials.ts';
import { parseSuiteArguments, type SuiteArguments } from '../test/faults/suite/arguments.ts';
import { runSuite, testedCommit } from '../test/faults/suite/run-suite.ts';
import { closingLine, renderTable } from '../test/faults/suite/table.ts';
import { terminalProgress } from './lib/terminal-progress.ts';
import { describeFailure } from './lib/user-error.ts';
import { countTrials, describeTrial, type Trial, tryMutants } from './mutants/try-mutants.ts';

/** `npm run test:faults`; its help is test-faults.help.txt. */
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stopping.signal.aborted) return;
    console.error('\nStopping…');
    stopping.abort();
  });
}

async function main(): Promise<number> {
  const wanted = parseSuiteArguments(process.argv.slice(2), Date.now());
  if (wanted.mode === 'list') {
    for (const { id, title, short } of wanted.tests)
      console.log(`${id.padEnd(4)} ${short ? '·' : ' '} ${title}`);
    console.log('· = also in the short form');
    return 0;
  }
  return wanted.mode === 'mutants' ? runMutants(wanted) : runFaults(wanted);
}

async function runMutants({ seed }: SuiteArguments): Promise<number> {
  console.log(`seed ${seed}, commit ${testedCommit()}`);
  const began = performance.now();
  const tell = (trial: Trial): void => console.log(describeTrial(trial));
  const trials = await tryMutants(mutantsToTry(), trialsWith(seed), tell, {
    signal: stopping.signal,
    starting: (mutant) => console.log(`… ${mutant?.name ?? 'the unchanged checkout, which must be green'}`),
  });
  console.log(`${((performance.now() - began) / 1_000).toFixed(0)} s`);
  console.log(countTrials(trials));
  return trials.every(({ passed }) => passed) ? 0 : 1;
}

async function runFaults(wanted: SuiteArguments): Promise<number> {
  const commit = testedCommit();
  // People read what is printed, programs read standard output.
  const say = (text: string): void => (wanted.json ? console.error(text) : console.log(text));
  say(`seed ${wanted.seed}, commit ${commit}, ${wanted.tenants} tenants, ${wanted.eventsPerSecond} events/s`);
  say(`to repeat it: npm run test:faults -- --seed ${wanted.seed}`);
  const progress = terminalProgress();
  const finished = await runSuite(wanted, process.env, { progress, say }, stopping.signal);
  progress.close();
  if (wanted.json) console.log(JSON.stringify({ seed: wanted.seed, commit, faults: finished }, null, 2));
  else console.log(`\n${renderTable(finished)}`);
  console.log(closingLine(finished));
  return finished.every(({ report }) => report.failures.length === 0) ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!stopping.signal.aborted) {
    console.error(describeFailure(error));
    console.log('0 passed, 1 failed');
  }
  process.exitCode = stopping.signal.aborted ? 130 : 1;
}
