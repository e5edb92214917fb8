import { evaluateCondition } from '../conditions/evaluate-condition.js';
import type { Flow } from '../definition/flow.js';
import type { AccountingRecord } from '#libs/contracts';
import { debtorEventKey, reminderEventKey } from '../events/business-event.js';
import { isSettled, stageOf } from '../events/stages.js';
import type { SkipReason } from '../events/skip-reasons.js';
import {
  type ReminderClocks,
  reminderInstant,
  reminderPlan,
  type ReminderReference,
  type ReminderStep,
  reminderStepsOf,
} from '../reminders/reminder.js';
import type { TemplateRenderer } from '../templates/template-renderer.js';
import { companyDate } from '../timing/company-time.js';
import { deliver } from './deliver.js';
import { evaluateOccasion, whyExcluded } from './evaluate-occasion.js';
import { type Evaluation, type EvaluationInput, mergeEvaluations, NOTHING } from './evaluation.js';
import { type Occasion, occasionOf, skipOf } from './occasion.js';

/**
 * What comes of a reminder whose timer fired, decided on the state that was fetched afterwards (`input.record`):
 * messages to the customer and, by `escalate`, to colleagues; or why not; or the same reminder later, when the due date
 * moved. `input.previous` is not looked at.
 * @throws as `evaluateFlow`.
 */
export async function evaluateReminder(
  flow: Flow,
  reminder: ReminderReference,
  input: EvaluationInput,
  renderer: TemplateRenderer,
): Promise<Evaluation> {
  const { record } = input;
  const step = reminderStepsOf(flow).find(({ id }) => id === reminder.stepId);
  if (flow.id !== reminder.flowId || !step?.schedule.days.includes(reminder.days))
    return flowChanged(flow, reminder);
  const businessEvent = reminderEventKey(reminder.invoiceId, step.trigger, reminder.days);
  const of = { flow, step, businessEvent };
  const reason = whyNoReminder(flow, input);
  if (reason !== null) return { ...NOTHING, skips: [skipOf(of, reason)] };
  const instant = reminderInstant(step, reminder.days, record.invoice?.dueDate ?? '', clocksOf(flow, input));
  if (instant > input.now) {
    return {
      ...NOTHING,
      skips: [skipOf(of, 'rescheduled')],
      reminders: [reminderPlan(reminder, step.trigger, instant)],
    };
  }
  // What waits for its hour is not late by waiting.
  if (!input.ignoreAge && instant < (input.heldSince ?? input.now) - step.schedule.catchUpMs) {
    return { ...NOTHING, skips: [skipOf(of, 'too-late')] };
  }
  const found = occasionOf(flow, step, input, {
    businessEvent,
    reminderDays: reminder.days,
    changedFields: [],
  });
  if (!found.ok) return { ...NOTHING, needs: found.needs };
  return remind(found.occasion, step, reminder.days, renderer);
}

async function remind(
  occasion: Occasion,
  step: ReminderStep,
  days: number,
  renderer: TemplateRenderer,
): Promise<Evaluation> {
  const { flow, subject, input } = occasion;
  // Nobody to join with, where the invoice names no contact that is known.
  if (step.schedule.grouped && subject.contactId !== null) {
    const excluded = whyExcluded(occasion);
    if (excluded) return { ...NOTHING, skips: [excluded] };
    const today = companyDate(input.now, input.sourceConnection.timeZone);
    const businessEvent = debtorEventKey(subject.contactId, step.trigger, today);
    const join = { flowId: flow.id, stepId: step.id, days, invoiceId: input.record.entityId, businessEvent };
    return { ...NOTHING, joins: [join] };
  }
  return mergeEvaluations([
    await evaluateOccasion(occasion, renderer),
    await escalate(step, days, occasion, renderer),
  ]);
}

/** Several reminders of one debtor that go out as one message. */
export interface DebtorReminder {
  readonly flowId: string;
  readonly stepId: string;
  /** From the `joins` of the reminders. */
  readonly businessEvent: string;
  /** The invoices as they are now, each with the days of its reminder. */
  readonly members: readonly { readonly record: AccountingRecord; readonly days: number }[];
}

/**
 * One message for all reminders of a debtor that came together: it is about the one that is due longest and lists
 * everything that the debtor owes (`input.debts`). Invoices that were settled meanwhile are left out; when none is left
 * nothing goes out.
 * @throws as `evaluateFlow`.
 */
export async function evaluateDebtor(
  flow: Flow,
  reminder: DebtorReminder,
  input: Omit<EvaluationInput, 'record'>,
  renderer: TemplateRenderer,
): Promise<Evaluation> {
  const { stepId, businessEvent } = reminder;
  const step = reminderStepsOf(flow).find(({ id }) => id === stepId);
  if (!step)
    return { ...NOTHING, skips: [skipOf({ flow, step: { id: stepId }, businessEvent }, 'flow-changed')] };
  const reasons = reminder.members.map(({ record }) => whyNoReminder(flow, { record }));
  const open = reminder.members.filter((_, index) => reasons[index] === null);
  const [lead] = [...open].sort((a, b) => b.days - a.days);
  if (!lead) {
    const reason = reasons.find((found) => found !== null) ?? 'paid-meanwhile';
    return { ...NOTHING, skips: [skipOf({ flow, step, businessEvent }, reason)] };
  }
  const found = occasionOf(
    flow,
    step,
    { ...input, record: lead.record },
    { businessEvent, reminderDays: lead.days, changedFields: [], debts: input.debts ?? [] },
  );
  if (!found.ok) return { ...NOTHING, needs: found.needs };
  return mergeEvaluations([
    await evaluateOccasion(found.occasion, renderer),
    await escalate(step, lead.days, found.occasion, renderer),
  ]);
}

function clocksOf(flow: Flow, { sourceConnection, contact }: EvaluationInput): ReminderClocks {
  return { source: sourceConnection, holidays: flow.holidays, contact: contact?.contact ?? null };
}

/** Why nobody is reminded of an invoice as it is now; null when somebody may be. */
export function whyNoReminder(flow: Flow, { record }: Pick<EvaluationInput, 'record'>): SkipReason | null {
  if (!flow.enabled) return 'flow-disabled';
  if (record.invoice?.kind !== 'sales') return 'is-a-bill';
  const stage = stageOf(record);
  if (stage === 'void') return 'voided-meanwhile';
  if (stage === 'draft') return 'not-issued';
  if (stage === 'paid' || isSettled(record)) return 'paid-meanwhile';
  return record.invoice.dueDate === null ? 'no-due-date' : null;
}

async function escalate(
  step: ReminderStep,
  days: number,
  occasion: Occasion,
  renderer: TemplateRenderer,
): Promise<Partial<Evaluation>> {
  const { escalation } = step;
  if (!escalation || days < escalation.fromDays) return {};
  if (step.condition && !evaluateCondition(step.condition, occasion.model.facts).met) return {};
  const verdict = escalation.condition && evaluateCondition(escalation.condition, occasion.model.facts);
  if (verdict?.met === false) {
    const detail = `Not escalated: ${verdict.because}.`;
    return { skips: [skipOf(occasion, 'condition-not-met', { detail })] };
  }
  // The colleague who is on a step's own list as well gets both texts; they are two messages.
  return deliver(escalation.delivery, occasion, renderer, 'escalate/');
}

function flowChanged(flow: Flow, reminder: ReminderReference): Evaluation {
  const { stepId, invoiceId, days } = reminder;
  const trigger = flow.steps.find(({ id }) => id === stepId)?.trigger ?? 'invoice.overdue';
  const step = { id: stepId };
  const of = { flow, step, businessEvent: reminderEventKey(invoiceId, trigger, days) };
  return { ...NOTHING, skips: [skipOf(of, 'flow-changed')] };
}
