import type { Flow, Step } from '../definition/flow.js';
import { evaluateCondition } from '../conditions/evaluate-condition.js';
import type { BusinessEvent } from '../events/business-event.js';
import { eventsOf, whyNoEvent } from '../events/business-events.js';
import { bodyNameOf, isSettled } from '../events/stages.js';
import { type Skip, type SkipReason, skipReasons } from '../events/skip-reasons.js';
import { readsBody } from '../events/triggers.js';
import { planReminders } from '../reminders/plan-reminders.js';
import type { TemplateRenderer } from '../templates/template-renderer.js';
import { companyDate, daysBetween } from './company-time.js';
import { deliver } from './deliver.js';
import { type Evaluation, type EvaluationInput, mergeEvaluations, NOTHING } from './evaluation.js';
import { type Occasion, occasionOf, skipOf } from './occasion.js';

const MS_PER_DAY = 86_400_000;

/**
 * What a flow makes of a record: messages to send, what is not sent and why, reminders to set and to clear. Decides by
 * its arguments alone, so that the same input gives the same commands; only rendering happens elsewhere.
 * @throws LedgerwireError of the renderer (`retry`), or `invalid-time-zone` (`dead-letter`).
 */
export async function evaluateFlow(
  flow: Flow,
  input: EvaluationInput,
  renderer: TemplateRenderer,
): Promise<Evaluation> {
  const { record, previous } = input;
  const body = bodyNameOf(record);
  const steps = flow.steps.filter((step) => body !== null && readsBody(step.trigger, body));
  if (record.connectionId !== flow.sourceConnectionId || steps.length === 0) return NOTHING;
  const events = eventsOf(previous, record);
  const parts = steps.flatMap((step) =>
    events.filter(({ trigger }) => trigger === step.trigger).map((event) => ({ step, event })),
  );
  const reminders = planReminders(flow, input);
  if (!flow.enabled) {
    const skips = parts.map(({ step, event }) =>
      skipOf({ flow, step, businessEvent: event.key }, 'flow-disabled'),
    );
    return mergeEvaluations([reminders, { skips }]);
  }
  const done = await Promise.all(
    parts.map(({ step, event }) => evaluateEvent(flow, step, event, input, renderer)),
  );
  const all = mergeEvaluations([...done, reminders]);
  const nothing = Object.values(all).every((part: readonly unknown[]) => part.length === 0);
  return nothing ? { ...all, skips: whyNothing(flow, steps, input) } : all;
}

async function evaluateEvent(
  flow: Flow,
  step: Step,
  event: BusinessEvent,
  input: EvaluationInput,
  renderer: TemplateRenderer,
): Promise<Partial<Evaluation>> {
  const late = whyTooLate(flow, step, event, input);
  const of = { flow, step, businessEvent: event.key };
  if (late !== null) return { skips: [skipOf(of, 'too-late', { detail: late })] };
  // What is true now counts: nobody is asked for money that he has paid.
  if (event.trigger === 'invoice.issued' && isSettled(input.record))
    return { skips: [skipOf(of, 'paid-meanwhile')] };
  const { key: businessEvent, changedFields } = event;
  const found = occasionOf(flow, step, input, { businessEvent, changedFields, reminderDays: null });
  if (!found.ok) return { needs: found.needs };
  return evaluateOccasion(found.occasion, renderer);
}

/** Decides the conditions of an occasion and makes the messages of the branch that applies. */
export async function evaluateOccasion(
  occasion: Occasion,
  renderer: TemplateRenderer,
): Promise<Partial<Evaluation>> {
  const { step, model } = occasion;
  if (step.condition) {
    const verdict = evaluateCondition(step.condition, model.facts);
    if (!verdict.met)
      return { skips: [skipOf(occasion, 'condition-not-met', { detail: sentence(verdict.because) })] };
  }
  const branch = step.branches.find(
    ({ condition }) => condition === null || evaluateCondition(condition, model.facts).met,
  );
  if (!branch) {
    return {
      skips: [skipOf(occasion, 'condition-not-met', { detail: 'None of the choices of the step applies.' })],
    };
  }
  return deliver(branch.delivery, occasion, renderer);
}

function whyTooLate(flow: Flow, step: Step, event: BusinessEvent, input: EvaluationInput): string | null {
  const { occurredOn } = event;
  if (input.ignoreAge || occurredOn === null) return null;
  if (flow.activeFrom !== null && occurredOn < flow.activeFrom) {
    return `It happened before the flow's activeFrom, ${flow.activeFrom}.`;
  }
  const today = companyDate(input.now, input.sourceConnection.timeZone);
  const ageDays = daysBetween(occurredOn, today);
  // A transition that was seen is news, whatever date the books give it.
  if (event.witnessed || ageDays * MS_PER_DAY <= step.maxAgeMs) return null;
  return `It happened ${ageDays} days ago, more than the step's maxAge.`;
}

/** Reasons that say less than that the record changed in nothing that is announced. */
const OF_ANOTHER_KIND: ReadonlySet<SkipReason> = new Set(['is-a-bill', 'is-not-a-bill', 'is-not-a-vendor']);

/** One reason for the whole flow, so that a record that is no news does not fill the trail step by step. */
function whyNothing(flow: Flow, steps: readonly Step[], { previous, record }: EvaluationInput): Skip[] {
  const reasons = steps.map((step) => whyNoEvent(previous, record, step.trigger));
  const found = reasons.filter((reason): reason is SkipReason => reason !== null);
  const reason = found.find((candidate) => !OF_ANOTHER_KIND.has(candidate)) ?? found[0];
  if (!reason) return [];
  return [
    {
      flowId: flow.id,
      stepId: null,
      businessEvent: null,
      reason,
      detail: skipReasons[reason],
      commandId: null,
      channel: null,
    },
  ];
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
