import { toDecimal } from '#libs/core';
import { toCondition } from '../conditions/condition.schema.js';
import { type Condition, rootsOf } from '../conditions/condition.js';
import { isReminderTrigger, type Trigger } from '../events/triggers.js';
import { ANYWHERE_ELSE } from '../evaluation/message-size.js';
import { isLocale } from '../templates/template-filters.js';
import { checkCondition } from './check-condition.js';
import { parseDuration } from './durations.js';
import type { Branch, ContactSync, Delivery, Escalation, Flow, QuietHours, Step } from './flow.js';
import type { FlowSource, StepSource } from './flow.schema.js';
import type { ProblemPath, ProblemReporter } from './flow-problems.js';
import { namedStaffLists } from './staff.js';
import { namedRecipientLists } from './lists.js';
import { type DeliveryPart, type DeliveryScope, toDelivery } from './to-delivery.js';
import { toSchedule } from './to-schedule.js';

const DEFAULT_LOCALE = 'en';
const DEFAULT_MAX_AGE = '30d';

/** The flow that a well-shaped file means; what does not make sense together is reported. */
export function toFlow(source: FlowSource, reporter: ProblemReporter): Flow {
  if (source.locale !== undefined && !isLocale(source.locale)) {
    reporter.report(['locale'], 'write a language tag, e.g. en-GB');
  }
  const shared: Omit<DeliveryScope, 'roots'> = {
    staff: namedStaffLists(source, reporter),
    lists: namedRecipientLists(source, reporter),
    country: source.country ?? null,
    uncertainPolicy: source.uncertainPolicy ?? 'never',
    notAfter: source.notAfter ?? null,
    reporter,
  };
  reportRepeatedIds(source, reporter);
  if (source.steps.length === 0 && !source.contacts)
    reporter.report(['steps'], 'a flow needs at least one step, or contacts:');
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
    holidays: new Set(source.holidays),
    quietHours: toQuietHours(source, reporter),
    dailyCap: toDailyCap(source, reporter),
    smsPrices: toPrices(source.smsPrice),
    contactSync: toContactSync(source, reporter),
    steps: source.steps.map((step, index) =>
      toStep(step, ['steps', index], source, { ...shared, roots: new Set() }),
    ),
  };
}

function toStep(source: StepSource, path: ProblemPath, flow: FlowSource, scope: DeliveryScope): Step {
  const step: Step = {
    id: source.id,
    trigger: source.when,
    schedule: toSchedule(source, path, scope.reporter),
    condition: toCheckedCondition(source, source.when, path, scope),
    branches: toBranches(source, path, scope),
    escalation: toEscalation(source, path, scope),
    fallback: toFallback(source, path, scope),
    roots: scope.roots,
    maxAgeMs: parseDuration(source.maxAge ?? flow.maxAge ?? DEFAULT_MAX_AGE) ?? 0,
    urgent: source.urgent ?? false,
  };
  if (step.roots.has('debtor') && step.schedule?.grouped === false)
    scope.reporter.report(
      [...path, 'template'],
      '“debtor” is there with group: debtor only; add it to the step',
    );
  return step;
}

function toQuietHours({ quietHours: source }: FlowSource, reporter: ProblemReporter): QuietHours | null {
  if (!source) return null;
  if (source.from === source.to)
    reporter.report(['quietHours', 'to'], 'the hours would be empty or never end; write another time');
  return {
    from: source.from,
    to: source.to,
    weekends: source.weekends ?? false,
    holidays: source.holidays ?? false,
    channels: [source.channels ?? 'sms'].flat(),
    staff: source.staff ?? false,
  };
}

function toDailyCap({ dailyCap, beyondCap }: FlowSource, reporter: ProblemReporter): Flow['dailyCap'] {
  if (dailyCap !== undefined) return { messages: dailyCap, beyond: beyondCap ?? 'defer' };
  if (beyondCap !== undefined) reporter.report(['beyondCap'], '“beyondCap” needs dailyCap: beside it');
  return null;
}

function toPrices(source: FlowSource['smsPrice']): Flow['smsPrices'] {
  const written = typeof source === 'string' ? { [ANYWHERE_ELSE]: source } : (source ?? {});
  return new Map(
    Object.entries(written).map(([country, price]) => {
      const [amount = '0', currency = ''] = price.split(' ');
      return [country, { amount: toDecimal(amount), currency }];
    }),
  );
}

function toContactSync({ contacts: source }: FlowSource, reporter: ProblemReporter): ContactSync | null {
  if (!source) return null;
  const scope = { reporter, roots: new Set<string>() };
  const condition = toCheckedCondition(source, 'contact.changed', ['contacts'], scope);
  return { of: source.of, condition, twoWay: source.twoWay ?? false };
}

function toBranches(source: StepSource, path: ProblemPath, scope: DeliveryScope): Branch[] {
  const own: DeliveryPart = { source, path };
  const chosen = (source.choose ?? []).flatMap((choice, index): Branch[] => {
    const at = [...path, 'choose', index];
    const delivery = toDelivery([{ source: choice, path: at }, own], source.when, scope);
    const condition = toCheckedCondition(choice, source.when, at, scope);
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
  const condition = toCheckedCondition(escalate, source.when, at, scope);
  return delivery && { fromDays: escalate.from ?? 0, condition, delivery };
}

/** What is not said of it is as in the step; with the same recipients and the same channel it would only fail again. */
function toFallback(source: StepSource, path: ProblemPath, scope: DeliveryScope): Delivery | null {
  const { onFailure } = source;
  if (!onFailure) return null;
  const at = [...path, 'onFailure'];
  if (onFailure.to === undefined && onFailure.channel === undefined) {
    scope.reporter.report(at, 'write another channel: or others in to:, else it would only fail again');
    return null;
  }
  return toDelivery(
    [
      { source: onFailure, path: at },
      { source, path },
    ],
    source.when,
    scope,
  );
}

function toCheckedCondition(
  source: Pick<StepSource, 'if'>,
  trigger: Trigger,
  path: ProblemPath,
  { reporter, roots }: Pick<DeliveryScope, 'reporter' | 'roots'>,
): Condition | null {
  if (source.if === undefined) return null;
  const condition = toCondition(source.if);
  checkCondition(condition, trigger, [...path, 'if'], reporter);
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
