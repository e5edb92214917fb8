import type { Flow, Step } from '../definition/flow.js';
import type { BusinessEvent } from '../events/business-event.js';
import { eventsOf, whyNoEvent } from '../events/business-events.js';
import { bodyNameOf } from '../events/stages.js';
import { type Skip, type SkipReason, skipReasons } from '../events/skip-reasons.js';
import { readsBody } from '../events/triggers.js';
import { planReminders } from '../reminders/plan-reminders.js';
import type { TemplateRenderer } from '../templates/template-renderer.js';
import { companyDate, daysBetween } from '../timing/company-time.js';
import { contactCommandsOf } from './contact-commands.js';
import { evaluateOccasion } from './evaluate-occasion.js';
import { type Evaluation, type EvaluationInput, mergeEvaluations, NOTHING } from './evaluation.js';
import { occasionOf, skipOf } from './occasion.js';
import { whyMeanwhile } from './why-meanwhile.js';

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
  const isSynced = flow.contactSync !== null && record.entityType === 'contact';
  if (record.connectionId !== flow.sourceConnectionId || (steps.length === 0 && !isSynced)) return NOTHING;
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
  const all = mergeEvaluations([...done, reminders, contactCommandsOf(flow, input)]);
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
  const meanwhile = whyMeanwhile(event.trigger, input.record);
  if (meanwhile !== null) return { skips: [skipOf(of, meanwhile)] };
  const { key: businessEvent, changedFields } = event;
  const found = occasionOf(flow, step, input, { businessEvent, changedFields, reminderDays: null });
  if (!found.ok) return { needs: found.needs };
  return evaluateOccasion(found.occasion, renderer);
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
  if (steps.length === 0) return [skipWhole(flow, 'nothing-new')];
  const reasons = steps.map((step) => whyNoEvent(previous, record, step.trigger));
  const found = reasons.filter((reason): reason is SkipReason => reason !== null);
  const reason = found.find((candidate) => !OF_ANOTHER_KIND.has(candidate)) ?? found[0];
  return reason ? [skipWhole(flow, reason)] : [];
}

function skipWhole(flow: Flow, reason: SkipReason): Skip {
  const about = { flowId: flow.id, stepId: null, businessEvent: null, commandId: null, channel: null };
  return { ...about, reason, detail: skipReasons[reason] };
}
