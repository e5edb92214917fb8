import type { AccountingRecord, Connection, EpochMs } from '#libs/contracts';
import type { Flow } from '../definition/flow.js';
import { reminderEventKey } from '../events/business-event.js';
import { type Skip, skipReasons } from '../events/skip-reasons.js';
import {
  isRemindable,
  reminderInstant,
  reminderKeyOf,
  type ReminderPlan,
  reminderPlan,
  reminderReference,
  type ReminderStep,
  reminderStepsOf,
} from './reminder.js';

/** Timers to set and to clear for one invoice, and reminders that will not come, with why. */
export interface ReminderChanges {
  readonly reminders: readonly ReminderPlan[];
  /** Keys of timers to clear; clearing one that is not set does no harm. */
  readonly cancel: readonly string[];
  readonly skips: readonly Skip[];
}

/** What planning goes by. */
export interface PlanInput {
  readonly record: AccountingRecord;
  /** Null plans everything anew, e.g. after the flow changed. */
  readonly previous: AccountingRecord | null;
  /** The debtor, as far as he is known. */
  readonly contact?: AccountingRecord | null | undefined;
  readonly sourceConnection: Connection;
  readonly now: EpochMs;
  /** Reminders that were put off, by key, with since when; waiting for their hour does not make them late. */
  readonly held?: ReadonlyMap<string, EpochMs> | undefined;
}

/**
 * Plans a flow's reminders for an invoice. Nothing changes while the due date stands and the invoice stays open; a moved
 * due date moves the timers; payment, void or deletion clears them. What is past when it is first planned fires at once
 * within the step's `catchUp`, and is skipped as `too-late` beyond it.
 */
export function planReminders(flow: Flow, input: PlanInput): ReminderChanges {
  const steps = reminderStepsOf(flow);
  const { record, previous } = input;
  if (steps.length === 0 || !record.invoice || (previous && previous.version > record.version))
    return NOTHING;
  const wasRemindable = previous !== null && isRemindable(previous);
  if (!flow.enabled || !isRemindable(record)) {
    if (wasRemindable) return { ...NOTHING, cancel: keysOf(flow, steps, record) };
    return flow.enabled || !isRemindable(record) ? NOTHING : { ...NOTHING, skips: disabled(flow, steps) };
  }
  const { dueDate } = record.invoice;
  if (wasRemindable && previous.invoice?.dueDate === dueDate) return NOTHING;
  if (dueDate === null) {
    const skips = steps.map((step) => skipOf(flow, step.id, null, 'no-due-date', skipReasons['no-due-date']));
    return { reminders: [], cancel: wasRemindable ? keysOf(flow, steps, record) : [], skips };
  }
  return merge(
    steps.flatMap((step) => step.schedule.days.map((days) => planOne(flow, step, days, dueDate, input))),
  );
}

/** Once an invoice: nobody waits in vain for the reminders of a flow that is switched off. */
function disabled(flow: Flow, steps: readonly ReminderStep[]): Skip[] {
  return steps.map((step) => skipOf(flow, step.id, null, 'flow-disabled', skipReasons['flow-disabled']));
}

const NOTHING: ReminderChanges = { reminders: [], cancel: [], skips: [] };

function planOne(
  flow: Flow,
  step: ReminderStep,
  days: number,
  dueDate: string,
  input: PlanInput,
): ReminderChanges {
  const { record, previous, now } = input;
  const clocks = {
    source: input.sourceConnection,
    holidays: flow.holidays,
    contact: input.contact?.contact ?? null,
  };
  const instant = reminderInstant(step, days, dueDate, clocks);
  const reference = reminderReference(flow, step.id, days, record);
  const since = input.held?.get(reminderKeyOf(reference)) ?? now;
  if (instant >= since - step.schedule.catchUpMs) {
    return { ...NOTHING, reminders: [reminderPlan(reference, step.trigger, Math.max(instant, now))] };
  }
  const businessEvent = reminderEventKey(record.entityId, step.trigger, days);
  const detail = `It was due more than ${Math.round(step.schedule.catchUpMs / 3_600_000)} h before it was planned.`;
  return {
    reminders: [],
    cancel: previous ? [reminderKeyOf(reference)] : [],
    skips: [skipOf(flow, step.id, businessEvent, 'too-late', detail)],
  };
}

function keysOf(flow: Flow, steps: readonly ReminderStep[], record: AccountingRecord): string[] {
  return steps.flatMap((step) =>
    step.schedule.days.map((days) => reminderKeyOf(reminderReference(flow, step.id, days, record))),
  );
}

function merge(changes: readonly ReminderChanges[]): ReminderChanges {
  return {
    reminders: changes.flatMap(({ reminders }) => reminders),
    cancel: changes.flatMap(({ cancel }) => cancel),
    skips: changes.flatMap(({ skips }) => skips),
  };
}

function skipOf(
  flow: Flow,
  stepId: string,
  businessEvent: string | null,
  reason: Skip['reason'],
  detail: string,
): Skip {
  return { flowId: flow.id, stepId, businessEvent, reason, detail, commandId: null, channel: null };
}
