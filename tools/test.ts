import { closingLine, runSteps } from './checks/run-steps.ts';
import { parseTestArguments, selectSteps } from './checks/select-steps.ts';
import { staticSteps } from './checks/static-steps.ts';
import { vitestSteps } from './checks/vitest-steps.ts';
import { runCommand } from './lib/command.ts';

/** `npm test`; its help is test.help.txt. The build is there already: bootstrap.mjs made it. */
await runCommand(async (args) => {
  const wanted = parseTestArguments(args);
  const steps = selectSteps({ static: staticSteps(), tests: vitestSteps(wanted.passThrough) }, wanted);
  const { ok, tests } = await runSteps(steps, 'npm test --', (text) => console.log(text));
  const nothingRan = ok && wanted.only.length === 0 && tests.passed === 0;
  if (nothingRan) console.log('No test ran.');
  console.log(closingLine(nothingRan ? { ...tests, failed: 1 } : tests));
  return ok && !nothingRan ? 0 : 1;
});
