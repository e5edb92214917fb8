import { faultStep } from './checks/fault-step.ts';
import { closingLine, runSteps } from './checks/run-steps.ts';
import { parseTestArguments, selectSteps } from './checks/select-steps.ts';
import { simulationStep } from './checks/simulation-step.ts';
import { staticSteps } from './checks/static-steps.ts';
import { vitestSteps } from './checks/vitest-steps.ts';
import { runCommand } from './lib/command.ts';

/** `npm test`; its help is test.help.txt. The build is there already: bootstrap.mjs made it. */
await runCommand(async (args) => {
  const wanted = parseTestArguments(args);
  // File filters and options of vitest mean nothing to the suites that bring their own.
  const suites = wanted.passThrough.length === 0 ? [simulationStep(), faultStep()] : [];
  const tests = [...vitestSteps(wanted.passThrough), ...suites];
  const steps = selectSteps({ static: staticSteps(), tests }, wanted);
  const { ok, tests: counts } = await runSteps(steps, 'npm test --', (text) => console.log(text));
  const nothingRan = ok && wanted.only.length === 0 && counts.passed === 0;
  if (nothingRan) console.log('No test ran.');
  console.log(closingLine(nothingRan ? { ...counts, failed: 1 } : counts));
  return ok && !nothingRan ? 0 : 1;
});
