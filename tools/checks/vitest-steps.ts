import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, statePaths } from '../lib/paths.ts';
import { runNode, type Step, type StepResult, type TestCounts } from './step.ts';

/** The projects of vitest.config.ts, fastest first. */
export const TEST_PROJECTS = ['unit', 'integration', 'e2e'] as const;

/** One step per vitest project. `passThrough` are file filters and options for vitest. */
export function vitestSteps(passThrough: readonly string[]): Step[] {
  return TEST_PROJECTS.map((project) => ({
    name: project,
    run: () => runProject(project, passThrough),
  }));
}

async function runProject(project: string, passThrough: readonly string[]): Promise<StepResult> {
  const folder = join(statePaths().root, 'test-results');
  const report = join(folder, `${project}.json`);
  mkdirSync(folder, { recursive: true });
  rmSync(report, { force: true });
  const { code } = await runNode(
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      '--passWithNoTests',
      ...passThrough,
    ],
    { show: true },
  );
  const tests = existsSync(report)
    ? countTests(JSON.parse(readFileSync(report, 'utf8')), repositoryRoot)
    : { passed: 0, failed: 0, skipped: 0 };
  return { ok: code === 0 && tests.failed === 0, tests };
}

/**
 * Adds up a report of vitest's JSON reporter. A spec file that could not even be loaded has no tests in the report; it
 * counts as one that failed.
 *
 * @throws Error when the report has another shape.
 */
export function countTests(report: unknown, root: string): TestCounts {
  if (!isReport(report)) throw new Error(`vitest's JSON report in ${root} has an unknown shape`);
  const unloadable = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloadable.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

function isReport(value: unknown): value is VitestReport {
  if (typeof value !== 'object' || value === null) return false;
  const counts = ['numPassedTests', 'numFailedTests', 'numPendingTests', 'numTodoTests'];
  return (
    counts.every((name) => typeof Reflect.get(value, name) === 'number') &&
    Array.isArray(Reflect.get(value, 'testResults'))
  );
}
