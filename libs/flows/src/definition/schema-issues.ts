import type { z } from 'zod';
import { nearest } from '../conditions/nearest.js';
import { formatPath, type ProblemPath, type ProblemReporter } from './flow-problems.js';

type Issue = z.core.$ZodIssue;

/** Reports what zod found about the shape of a flow file, in words for people. `keys` are those a misspelt one may mean. */
export function reportIssues(
  reporter: ProblemReporter,
  issues: readonly Issue[],
  keys: readonly string[],
  above: ProblemPath = [],
): void {
  for (const issue of issues) {
    const path = [...above, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
    const inner = issue.code === 'invalid_union' ? intended(issue.errors) : undefined;
    if (inner) reportIssues(reporter, inner, keys, path);
    else if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) reporter.report([...path, key], unknownKey(path, key, keys));
    } else if (issue.code === 'invalid_key') {
      reporter.report(path, issue.issues[0]?.message ?? issue.message);
    } else reporter.report(path, wordsFor(reporter, issue, path));
  }
}

/** Of the forms that a value may take, the one that it was meant to be: whose kind is right and only its inside wrong. */
function intended(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  for (const branch of branches) {
    const [first] = branch;
    if (first?.code === 'invalid_union' && first.path.length === 0) {
      const inner = intended(first.errors);
      if (inner) return inner;
    } else if (branch.every((issue) => issue.path.length > 0 || !WRONG_KIND.has(issue.code))) return branch;
  }
  return undefined;
}

const WRONG_KIND: ReadonlySet<string | undefined> = new Set(['invalid_type', 'invalid_value']);

function wordsFor(reporter: ProblemReporter, issue: Issue, path: ProblemPath): string {
  const own = issue.message.startsWith('Invalid input') ? null : issue.message;
  if (!reporter.has(path)) return `“${String(path.at(-1) ?? 'flow')}” is missing${own ? `; ${own}` : ''}`;
  if (own) return own;
  return issue.code === 'invalid_type'
    ? `this must be of type ${issue.expected}`
    : 'this value is not allowed here';
}

function unknownKey(path: ProblemPath, key: string, keys: readonly string[]): string {
  const guess = nearest(
    key,
    keys.filter((known) => known !== key),
  );
  const where = path.length === 0 ? 'a flow' : `“${formatPath(path)}”`;
  return `${where} has no “${key}”; ${guess ? `did you mean ${guess}?` : 'remove it'}`;
}
