import { styleText } from 'node:util';
import type { Step, TestCounts } from './step.ts';

export interface StepsOutcome {
  readonly ok: boolean;
  readonly tests: TestCounts;
}

/**
 * Runs steps one after the other, says how long each took, and stops at the first red one with its output and the command
 * that repeats it. A red step whose tests did not fail one by one counts as one failed test, so that the sum never says
 * that all is well when it is not.
 */
export async function runSteps(
  steps: readonly Step[],
  /** How the command that is running was called, up to `--only`; said again for the step that is red. */
  command: string,
  print: (text: string) => void,
  now: () => number = () => performance.now(),
): Promise<StepsOutcome> {
  let tests: TestCounts = { passed: 0, failed: 0, skipped: 0 };
  for (const step of steps) {
    const began = now();
    const result = await step.run();
    const seconds = `${((now() - began) / 1000).toFixed(1)} s`;
    if (result.tests !== undefined) tests = add(tests, result.tests);
    if (result.ok) {
      print(`${styleText('green', '✓')} ${step.name} ${seconds}${testsText(result.tests)}`);
      continue;
    }
    if (result.output !== undefined) print(result.output.trimEnd());
    const remedy = step.remedy === undefined ? '' : ` To put it right: ${step.remedy}.`;
    print(
      `${styleText('red', '✗')} ${step.name} ${seconds}.${remedy} To repeat it alone: ${command} --only ${step.name}`,
    );
    const failed = tests.failed === 0 ? { ...tests, failed: 1 } : tests;
    return { ok: false, tests: failed };
  }
  return { ok: true, tests };
}

/** The closing line that CI reads. */
export function closingLine(tests: TestCounts): string {
  const skipped = tests.skipped === 0 ? '' : `, ${tests.skipped} skipped`;
  return `${tests.passed} passed, ${tests.failed} failed${skipped}`;
}

function testsText(tests: TestCounts | undefined): string {
  return tests === undefined ? '' : `, ${tests.passed} tests`;
}

function add(a: TestCounts, b: TestCounts): TestCounts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}
