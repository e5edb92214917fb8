import { runSteps } from './checks/run-steps.ts';
import { parseTestArguments, selectSteps } from './checks/select-steps.ts';
import { staticSteps } from './checks/static-steps.ts';
import { runCommand } from './lib/command.ts';

/** `npm run check`: everything of `npm test` that runs no test; its help is check.help.txt. */
await runCommand(async (args) => {
  const steps = selectSteps({ static: staticSteps(), tests: [] }, parseTestArguments(args));
  const { ok } = await runSteps(steps, 'npm run check --', (text) => console.log(text));
  return ok ? 0 : 1;
});
