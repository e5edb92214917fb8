import { describe, expect, test } from 'vitest';
import { closingCounts } from './fault-step.ts';
import { closingLine, runSteps } from './run-steps.ts';
import { parseTestArguments, selectSteps } from './select-steps.ts';
import type { Step, StepResult } from './step.ts';
import { countTests } from './vitest-steps.ts';

const step = (name: string, result: StepResult): Step => ({ name, run: async () => result });
const green = (name: string): Step => step(name, { ok: true });
const tested = (passed: number, failed = 0, skipped = 0): StepResult => ({
  ok: failed === 0,
  tests: { passed, failed, skipped },
});

async function run(steps: readonly Step[]): Promise<{ lines: string[]; closing: string; ok: boolean }> {
  const lines: string[] = [];
  const { ok, tests } = await runSteps(
    steps,
    'npm test --',
    (text) => lines.push(text),
    () => 0,
  );
  return { ok, lines, closing: closingLine(tests) };
}

describe('running the steps', () => {
  test('sums the tests of all runs in a line that CI reads', async () => {
    const { ok, closing } = await run([green('tsc'), step('unit', tested(40)), step('e2e', tested(2))]);
    expect([ok, closing]).toEqual([true, '42 passed, 0 failed']);
  });

  test('stops at the first red step, shows its output and how to repeat it', async () => {
    const { ok, lines, closing } = await run([
      green('prettier'),
      step('tsc', { ok: false, output: 'a.ts(1,1): error\n' }),
      step('unit', tested(40)),
    ]);
    expect([ok, closing]).toEqual([false, '0 passed, 1 failed']);
    expect(lines[1]).toBe('a.ts(1,1): error');
    expect(lines[2]).toContain('npm test -- --only tsc');
    expect(lines).toHaveLength(3);
  });

  test('counts the tests that failed, and one where a run went red without any', async () => {
    expect((await run([step('unit', tested(40, 2))])).closing).toBe('40 passed, 2 failed');
    const crashed = step('unit', { ok: false, tests: { passed: 40, failed: 0, skipped: 0 } });
    expect((await run([crashed])).closing).toBe('40 passed, 1 failed');
  });

  test('tells of skipped tests', async () => {
    expect((await run([step('unit', tested(3, 0, 1))])).closing).toBe('3 passed, 0 failed, 1 skipped');
  });
});

describe('the arguments of npm test', () => {
  const steps = { static: [green('prettier'), green('tsc')], tests: [green('unit'), green('e2e')] };
  const selected = (...args: string[]): string[] =>
    selectSteps(steps, parseTestArguments(args)).map(({ name }) => name);

  test('run everything when there are none', () => {
    expect(selected()).toEqual(['prettier', 'tsc', 'unit', 'e2e']);
  });

  test('run the steps that --only names, in their own order', () => {
    expect(selected('--only', 'unit,tsc')).toEqual(['tsc', 'unit']);
    expect(selected('--only=unit', '--only=tsc')).toEqual(['tsc', 'unit']);
  });

  test('run the tests alone when files are named, and hand the files to vitest', () => {
    expect(selected('libs/core')).toEqual(['unit', 'e2e']);
    expect(parseTestArguments(['--only', 'unit', 'libs/core', '-t', 'one effect'])).toEqual({
      only: ['unit'],
      passThrough: ['libs/core', '-t', 'one effect'],
    });
  });

  test('name the steps there are when one is unknown or missing', () => {
    expect(() => selected('--only', 'units')).toThrow('no step "units". There are: prettier, tsc, unit, e2e');
    expect(() => selected('--only')).toThrow('--only needs the name of a step');
  });
});

describe("counting vitest's report", () => {
  const file = (status: string, ...tests: string[]): object => ({
    status,
    assertionResults: tests.map((outcome) => ({ status: outcome })),
  });
  const report = (counts: number[], testResults: object[]): object => {
    const [passed, failed, pending, todo] = counts;
    return {
      numPassedTests: passed,
      numFailedTests: failed,
      numPendingTests: pending,
      numTodoTests: todo,
      testResults,
    };
  };

  test('takes its sums', () => {
    const counts = countTests(report([5, 1, 2, 1], [file('failed', 'failed', 'passed')]), '/');
    expect(counts).toEqual({ passed: 5, failed: 1, skipped: 3 });
  });

  test('counts a file that could not be loaded as a failure', () => {
    expect(countTests(report([5, 0, 0, 0], [file('failed')]), '/')).toMatchObject({ failed: 1 });
  });

  test('does not take something else for a report', () => {
    expect(() => countTests({ numPassedTests: 'many' }, '/root')).toThrow('unknown shape');
  });
});

test('the fault suite counts by its last line, and as failed when it broke before that', () => {
  expect(closingCounts('3 passed, 1 failed\nlater\n9 passed, 0 failed\n')).toEqual({
    passed: 9,
    failed: 0,
    skipped: 0,
  });
  expect(closingCounts('Kafka did not start')).toEqual({ passed: 0, failed: 1, skipped: 0 });
});
