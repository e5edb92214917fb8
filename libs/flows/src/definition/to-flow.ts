import { toCondition } from '../conditions/condition.schema.js';
import { type Condition, rootsOf } from '../conditions/condition.js';
import { isReminderTrigger } from '../events/triggers.js';
import { isLocale } from '../templates/template-filters.js';
import { checkCondition } from './check-condition.js';
import { parseDuration } from './durations.js';
import type { Branch, Escalation, Flow, ReminderSchedule, Step } from './flow.js';
import type { FlowSource, StepSource } from './flow.schema.js';
import type { ProblemPath, ProblemReporter } from './flow-problems.js';
import { namedStaffLists } from './staff.js';
import { type DeliveryPart, type DeliveryScope, toDelivery } from './to-delivery.js';

const DEFAULT_LOCALE = 'en';
const DEFAULT_MAX_AGE = '30d';
const DEFAULT_CATCH_UP = '2d';
const DEFAULT_AT = '09:00';

/** The flow that a well-shaped file means; what does not make sense together is reported. */
export function toFlow(source: FlowSource, reporter: ProblemReporter): Flow {
  if (source.locale !== undefined && !isLocale(source.locale)) {
    reporter.report(['locale'], 'write a language tag, e.g. en-GB');
  }
  const shared: Omit<DeliveryScope, 'roots'> = {
    staff: namedStaffLists(source, reporter),
    country: source.country ?? null,
    uncertainPolicy: source.uncertainPolicy ?? 'never',
    notAfter: source.notAfter ?? null,
    reporter,
  };
  reportRepeatedIds(source, reporter);
  return {
    id: source.id,
    name: source.name,
    workspaceId: source.workspace,
    version: 0,
    enabled: source.enabled ?? true,
    sourceConnectionId: source.source,
    targetConnectionId: source.target,
    locale: source.locale ?? DEFAULT_LOCALE,
    activeFrom: source.activeFrom ?? null,
    steps: source.steps.map((step, index) =>
      toStep(step, ['steps', index], source, { ...shared, roots: new Set() }),
    ),
  };
}

function toStep(source: StepSource, path: ProblemPath, flow: FlowSource, scope: DeliveryScope): Step {
  return {
    id: source.id,
    trigger: source.when,
    schedule: toSchedule(source, path, scope.reporter),
    condition: toCheckedCondition(source, source, path, scope),
    branches: toBranches(source, path, scope),
    escalation: toEscalation(source, path, scope),
    roots: scope.roots,
    maxAgeMs: milliseconds(source.maxAge ?? flow.maxAge ?? DEFAULT_MAX_AGE),
  };
}

function toSchedule(
  source: StepSource,
  path: ProblemPath,
  reporter: ProblemReporter,
): ReminderSchedule | null {
  if (!isReminderTrigger(source.when)) {
    for (const key of ['days', 'at', 'businessDays', 'catchUp', 'escalate'] as const) {
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
    businessDays: source.businessDays ?? false,
    catchUpMs: milliseconds(source.catchUp ?? DEFAULT_CATCH_UP),
  };
}

function toBranches(source: StepSource, path: ProblemPath, scope: DeliveryScope): Branch[] {
  const own: DeliveryPart = { source, path };
  const chosen = (source.choose ?? []).flatMap((choice, index): Branch[] => {
    const at = [...path, 'choose', index];
    const delivery = toDelivery([{ source: choice, path: at }, own], source.when, scope);
    const condition = toCheckedCondition(choice, source, at, scope);
    const isLast = index === (source.choose ?? []).length - 1;
    if (condition === null && (!isLast || source.template !== undefined)) {
      const why = isLast ? 'the template of the step itself' : 'the choices after it';
      scope.reporter.report(
        at,
        `a choice without “if” is always taken, so ${why} could never be; give it an if: or remove it`,
      );
    }
    return delivery ? [{ condition, delivery }] : [];
  });
  // Without a template of its own the step sends only what one of its choices says.
  if (source.choose && source.template === undefined) return chosen;
  const delivery = toDelivery([own], source.when, scope);
  return delivery ? [...chosen, { condition: null, delivery }] : chosen;
}

function toEscalation(source: StepSource, path: ProblemPath, scope: DeliveryScope): Escalation | null {
  const { escalate } = source;
  if (!escalate || !isReminderTrigger(source.when)) return null;
  const at = [...path, 'escalate'];
  for (const key of ['to', 'template'] as const) {
    if (escalate[key] === undefined)
      scope.reporter.report(
        [...at, key],
        `“${key}” is missing; escalate goes to others with a text of its own`,
      );
  }
  if (escalate.to === undefined || escalate.template === undefined) return null;
  const parts = [
    { source: escalate, path: at },
    { source: { ...source, to: undefined, template: undefined }, path },
  ];
  const delivery = toDelivery(parts, source.when, scope);
  const condition = toCheckedCondition(escalate, source, at, scope);
  return delivery && { fromDays: escalate.from ?? 0, condition, delivery };
}

function toCheckedCondition(
  source: Pick<StepSource, 'if'>,
  step: StepSource,
  path: ProblemPath,
  { reporter, roots }: DeliveryScope,
): Condition | null {
  if (source.if === undefined) return null;
  const condition = toCondition(source.if);
  checkCondition(condition, step.when, [...path, 'if'], reporter);
  for (const root of rootsOf(condition)) roots.add(root);
  return condition;
}

function reportRepeatedIds(source: FlowSource, reporter: ProblemReporter): void {
  const seen = new Set<string>();
  source.steps.forEach(({ id }, index) => {
    if (seen.has(id))
      reporter.report(['steps', index, 'id'], `there is a step “${id}” already; ids must differ`);
    seen.add(id);
  });
}

function milliseconds(duration: string): number {
  return parseDuration(duration) ?? 0;
}
