import { findJava } from '../infra/local/java.ts';
import { runNode, type Step, type StepResult, type TestCounts } from './step.ts';

/**
 * The short form of the fault suite: at most four minutes. It runs local processes whose ends it chooses itself, so that it needs
 * Java even where the other tests use Docker; without Java it is skipped and says so.
 */
export function faultStep(): Step {
  return { name: 'faults', run: runShortForm };
}

async function runShortForm(): Promise<StepResult> {
  if ((await findJava(process.env)) === undefined)
    return { ok: true, tests: { passed: 0, failed: 0, skipped: 1 } };
  const { code, output } = await runNode(['tools/test-faults.ts', '--short']);
  const tests = closingCounts(output);
  return { ok: code === 0 && tests.failed === 0 && tests.passed > 0, output, tests };
}

/** The counts of the last line of a run; one failure when it has none, because it did not get so far. */
export function closingCounts(output: string): TestCounts {
  const found = [...output.matchAll(/^(\d+) passed, (\d+) failed$/gm)].at(-1);
  if (!found) return { passed: 0, failed: 1, skipped: 0 };
  return { passed: Number(found[1]), failed: Number(found[2]), skipped: 0 };
}
