import type { FailedMessage } from '#libs/contracts';
import { uuidV5 } from '#libs/core';
import type { Flow, Step } from '../definition/flow.js';
import type { SkipReason } from '../events/skip-reasons.js';
import { isReminderTrigger } from '../events/triggers.js';
import type { TemplateRenderer } from '../templates/template-renderer.js';
import { companyDate, daysBetween } from '../timing/company-time.js';
import { commandIdFor, deliverTo } from './deliver.js';
import { whyExcluded } from './evaluate-occasion.js';
import { whyNoReminder } from './evaluate-reminder.js';
import { type Evaluation, type EvaluationInput, NOTHING } from './evaluation.js';
import { type Occasion, occasionOf, skipOf } from './occasion.js';
import { addresseesOf } from './recipient-addresses.js';
import { whyMeanwhile } from './why-meanwhile.js';

/**
 * What goes out instead of a message that failed (`onFailure`), decided on the state that was fetched for it: nothing when it
 * is no longer true or the step's conditions exclude it, later in quiet hours. The ids hang on the event and the recipient,
 * so that two messages which fail lead to one word to a colleague.
 * @throws as `evaluateFlow`.
 */
export async function evaluateFallback(
  flow: Flow,
  failed: FailedMessage,
  input: EvaluationInput,
  renderer: TemplateRenderer,
): Promise<Evaluation> {
  const { businessEvent, flowStep } = failed;
  const step = flow.steps.find(({ id }) => id === flowStep);
  const delivery = step?.fallback;
  if (!step || !delivery)
    return { ...NOTHING, skips: [skipOf({ flow, step: { id: flowStep }, businessEvent }, 'flow-changed')] };
  const reason = whyNotNow(flow, step, input);
  if (reason !== null) return { ...NOTHING, skips: [skipOf({ flow, step, businessEvent }, reason)] };
  const reminderDays = isReminderTrigger(step.trigger) ? daysOf(businessEvent, input) : null;
  const debts = businessEvent.startsWith('debtor/') ? (input.debts ?? []) : [];
  const event = { businessEvent, reminderDays, changedFields: [], debts };
  const found = occasionOf(flow, step, { ...input, heldSince: failed.failedAt }, event);
  if (!found.ok) return { ...NOTHING, needs: found.needs };
  const { occasion } = found;
  const excluded = whyExcluded(occasion);
  if (excluded) return { ...NOTHING, skips: [excluded] };
  const addressees = addresseesOf(delivery, occasion).filter(
    // The address that was not reached is not tried again.
    (one) => (!failed.onlyStaff || one.kind === 'staff') && !(one.ok && one.address === failed.to),
  );
  const made = await deliverTo(addressees, {
    delivery,
    occasion,
    renderer,
    idOf: (addressee) => fallbackIdOf(occasion, failed, `${addressee.target}/${addressee.channel ?? 'none'}`),
    onFailure: [],
  });
  return failed.resendOf === null ? made : { ...made, messages: made.messages.map(asResent) };

  function asResent(draft: Evaluation['messages'][number]): Evaluation['messages'][number] {
    return { ...draft, command: { ...draft.command, resendOf: failed.resendOf, notAfter: null } };
  }
}

function whyNotNow(flow: Flow, step: Step, input: EvaluationInput): SkipReason | null {
  if (!flow.enabled) return 'flow-disabled';
  return isReminderTrigger(step.trigger)
    ? whyNoReminder(flow, input)
    : whyMeanwhile(step.trigger, input.record);
}

function fallbackIdOf(occasion: Occasion, failed: FailedMessage, target: string): string {
  const id = commandIdFor(occasion, `on-failure/${target}`);
  return failed.resendOf === null ? id : uuidV5(id, [failed.commandId]);
}

/** The days of a reminder are in its event (`…/3d`); those of a debtor's message are the ones of the invoice it was about. */
function daysOf(businessEvent: string, { record, now, sourceConnection }: EvaluationInput): number {
  const days = /\/(\d+)d$/.exec(businessEvent)?.[1];
  if (days !== undefined) return Number(days);
  const today = companyDate(now, sourceConnection.timeZone);
  return Math.abs(daysBetween(record.invoice?.dueDate ?? today, today));
}
