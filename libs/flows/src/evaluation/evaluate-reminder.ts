import { evaluateCondition } from '../conditions/evaluate-condition.js';
import type { Flow } from '../definition/flow.js';
import { reminderEventKey } from '../events/business-event.js';
import { isSettled, stageOf } from '../events/stages.js';
import type { SkipReason } from '../events/skip-reasons.js';
import {
  reminderInstant,
  reminderPlan,
  type ReminderReference,
  type ReminderStep,
  reminderStepsOf,
} from '../reminders/reminder.js';
import type { TemplateRenderer } from '../templates/template-renderer.js';
import { deliver } from './deliver.js';
import { evaluateOccasion } from './evaluate-flow.js';
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
  const instant = reminderInstant(step, reminder.days, record.invoice?.dueDate ?? '', input.sourceConnection);
  if (instant > input.now) {
    return {
      ...NOTHING,
      skips: [skipOf(of, 'rescheduled')],
      reminders: [reminderPlan(reminder, step.trigger, instant)],
    };
  }
  if (!input.ignoreAge && instant < input.now - step.schedule.catchUpMs) {
    return { ...NOTHING, skips: [skipOf(of, 'too-late')] };
  }
  const found = occasionOf(flow, step, input, {
    businessEvent,
    reminderDays: reminder.days,
    changedFields: [],
  });
  if (!found.ok) return { ...NOTHING, needs: found.needs };
  return mergeEvaluations([
    await evaluateOccasion(found.occasion, renderer),
    await escalate(step, reminder.days, found.occasion, renderer),
  ]);
}

function whyNoReminder(flow: Flow, { record }: EvaluationInput): SkipReason | null {
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
  const conditions = [step.condition, escalation.condition];
  const met = conditions.every(
    (condition) => condition === null || evaluateCondition(condition, occasion.model.facts).met,
  );
  // The colleague who is on a step's own list as well gets both texts; they are two messages.
  return met ? deliver(escalation.delivery, occasion, renderer, 'escalate/') : {};
}

function flowChanged(flow: Flow, reminder: ReminderReference): Evaluation {
  const { stepId, invoiceId, days } = reminder;
  const trigger = flow.steps.find(({ id }) => id === stepId)?.trigger ?? 'invoice.overdue';
  const step = { id: stepId };
  const of = { flow, step, businessEvent: reminderEventKey(invoiceId, trigger, days) };
  return { ...NOTHING, skips: [skipOf(of, 'flow-changed')] };
}
