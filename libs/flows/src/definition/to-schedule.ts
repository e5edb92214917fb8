import { isReminderTrigger } from '../events/triggers.js';
import { parseDuration } from './durations.js';
import type { ReminderSchedule } from './flow.js';
import type { StepSource } from './flow.schema.js';
import type { ProblemPath, ProblemReporter } from './flow-problems.js';

const DEFAULT_CATCH_UP = '2d';
const DEFAULT_AT = '09:00';
const TIMED_ONLY = ['days', 'at', 'zone', 'businessDays', 'group', 'catchUp', 'escalate'] as const;

/** The schedule of a timed step; null for others, on which keys of a schedule are reported. */
export function toSchedule(
  source: StepSource,
  path: ProblemPath,
  reporter: ProblemReporter,
): ReminderSchedule | null {
  if (!isReminderTrigger(source.when)) {
    for (const key of TIMED_ONLY) {
      if (source[key] !== undefined) {
        reporter.report(
          [...path, key],
          `“${key}” is for invoice.overdue and invoice.due-soon only; remove it`,
        );
      }
    }
    return null;
  }
  const days = [...new Set([source.days ?? []].flat())].sort((a, b) => a - b);
  if (days.length === 0)
    reporter.report([...path, 'days'], `“days” is missing; ${source.when} needs e.g. days: [3, 10]`);
  if (source.when === 'invoice.overdue' && days[0] === 0) {
    reporter.report(
      [...path, 'days'],
      'an invoice is not overdue on its due date; start with 1, or use invoice.due-soon',
    );
  }
  return {
    days,
    at: source.at ?? DEFAULT_AT,
    zone: source.zone ?? 'company',
    businessDays: source.businessDays ?? false,
    grouped: source.group === 'debtor',
    catchUpMs: parseDuration(source.catchUp ?? DEFAULT_CATCH_UP) ?? 0,
  };
}
