import type { Comparison, Condition } from '../conditions/condition.js';
import { type FieldNode, lookUpField } from '../conditions/model-fields.js';
import { readsBody, type Trigger, triggers } from '../events/triggers.js';
import type { ProblemPath, ProblemReporter } from './flow-problems.js';

/** Reports what a condition asks that a step with this trigger cannot answer: unknown fields, senseless comparisons. */
export function checkCondition(
  condition: Condition,
  trigger: Trigger,
  path: ProblemPath,
  reporter: ProblemReporter,
): void {
  switch (condition.kind) {
    case 'and':
    case 'or':
      for (const part of condition.of) checkCondition(part, trigger, path, reporter);
      return;
    case 'not':
      checkCondition(condition.of, trigger, path, reporter);
      return;
    case 'field':
      checkField(condition.path, condition.comparison, trigger, path, reporter);
      return;
    case 'tracking':
      if (!namesLines(trigger))
        reporter.report(path, `“tracking” is not available for ${trigger}, which has no lines`);
      return;
    case 'amount':
    case 'currency':
      if (readsBody(trigger, 'contact'))
        reporter.report(path, `“${condition.kind}” is not available for ${trigger}, which has no amount`);
      return;
    default:
  }
}

function namesLines(trigger: Trigger): boolean {
  const roots: readonly string[] = triggers[trigger].roots;
  return roots.includes('tracking');
}

const ORDERING: ReadonlySet<Comparison['op']> = new Set(['above', 'atLeast', 'below', 'atMost']);

function checkField(
  field: string,
  comparison: Comparison,
  trigger: Trigger,
  path: ProblemPath,
  reporter: ProblemReporter,
): void {
  const found = lookUpField(trigger, field.split('.'));
  if (!found.ok) {
    reporter.report(path, found.message);
    return;
  }
  const problem = comparisonProblem(field, found.node, comparison);
  if (problem !== null) reporter.report(path, problem);
}

function comparisonProblem(field: string, node: FieldNode, comparison: Comparison): string | null {
  if (typeof node !== 'string' || node === 'options')
    return `“${field}” is a group or list; name one of its fields`;
  if (!ORDERING.has(comparison.op) || 'values' in comparison) return null;
  const value = String(comparison.value);
  if (node === 'date')
    return /^\d{4}-\d{2}-\d{2}$/.test(value) ? null : `compare “${field}” with a date, e.g. 2026-11-21`;
  if (node === 'money' || node === 'number') {
    return /^-?\d+(\.\d+)?$/.test(value) ? null : `compare “${field}” with a number, e.g. 100`;
  }
  return `“${field}” has no order; use is, oneOf, contains or startsWith`;
}
