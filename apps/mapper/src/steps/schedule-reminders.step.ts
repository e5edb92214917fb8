import { type AccountingRecord, mapperStores } from '#libs/contracts';
import { compareDecimals } from '#libs/core';
import {
  type Flow,
  parseReminderKey,
  planReminders,
  type ReminderChanges,
  type ReminderPlan,
} from '#libs/flows';
import type { TaskContext } from '#libs/streams';
import { remindersKey } from '../keys.js';
import type { MapperTools } from '../mapper-tools.js';
import { setRecordTimer, timerNames } from '../timers.js';
import { tellRecord, tellSkip } from '../trail.js';
import type { GatheredInput } from './gather-input.step.js';

/**
 * Sets, moves and clears the timers of one flow's reminders for an invoice. When the flow has changed since they were
 * planned (or the invoice was never planned by it) they are planned anew from nothing, and what is left over is cancelled; what
 * waits for its hour and is still wanted goes on waiting. The same state evaluated `again`, because something was missing, changes
 * nothing but the hour of what goes by the clocks of a debtor who is known only now.
 */
export function scheduleReminders(
  tools: MapperTools,
  flow: Flow,
  input: GatheredInput,
  changes: Pick<ReminderChanges, 'reminders' | 'cancel'> & { readonly again: boolean },
  context: TaskContext,
): void {
  const { record } = input;
  if (!record.invoice || !flow.steps.some(({ schedule }) => schedule !== null)) return;
  const store = context.store(mapperStores.reminders);
  const storeKey = remindersKey(record.connectionId, record.entityId, flow.id);
  const planned = store.get(storeKey);
  const anew = planned?.flowVersion !== flow.version;
  const keys = new Set(planned?.keys);
  const held = new Map(Object.entries(planned?.held ?? {}));
  const plan = anew
    ? planReminders(flow, { ...input, previous: null, held })
    : { ...changes, reminders: changes.reminders.filter(isNews), skips: [] };
  const wanted = new Set(plan.reminders.map(({ key }) => key));
  const obsolete = anew ? [...keys].filter((key) => !wanted.has(key)) : plan.cancel;
  for (const key of obsolete) if (keys.delete(key)) cancelReminder(tools, { key, flow, record }, context);
  for (const reminder of plan.reminders) {
    keys.add(reminder.key);
    // It is due all the same, and its hour is set.
    if (held.has(reminder.key) && reminder.fireAt <= input.now) continue;
    // Whatever it waited for, it waits anew from its new time on.
    held.delete(reminder.key);
    setReminder(tools, record, reminder, context);
  }
  // Planned by the evaluation itself, it has reported these already.
  if (input.previous !== null) for (const skip of plan.skips) tellSkip(context, record, skip);
  const active = keys.size > 0 || plan.reminders.length > 0 || plan.skips.length > 0;
  const stillHeld = [...held].filter(([key]) => keys.has(key));
  if (active)
    store.put(storeKey, { flowVersion: flow.version, keys: [...keys], held: Object.fromEntries(stillHeld) });
  else if (planned && isOver(record)) store.delete(storeKey);

  function isNews({ key, stepId }: ReminderPlan): boolean {
    if (!changes.again) return true;
    const step = flow.steps.find(({ id }) => id === stepId);
    return keys.has(key) && step?.schedule?.zone === 'recipient' && Boolean(input.contact);
  }
}

/** Moves a reminder whose question was answered to a later time; what it waited for before is over. */
export function moveReminder(
  tools: MapperTools,
  record: AccountingRecord,
  reminder: ReminderPlan,
  context: TaskContext,
): void {
  const { key, connectionId, invoiceId, flowId } = reminder;
  const store = context.store(mapperStores.reminders);
  const storeKey = remindersKey(connectionId, invoiceId, flowId);
  const planned = store.get(storeKey);
  if (planned && Object.hasOwn(planned.held, key)) {
    const { [key]: _over, ...held } = planned.held;
    store.put(storeKey, { ...planned, held });
  }
  setReminder(tools, record, reminder, context);
}

/** Sets or moves the timer of one reminder and says when it comes. */
function setReminder(
  tools: MapperTools,
  record: AccountingRecord,
  { key, fireAt, flowId, stepId, businessEvent }: ReminderPlan,
  context: TaskContext,
): void {
  setRecordTimer(context, record, { name: timerNames.reminder, key, fireAt, payload: { key, tries: 0 } });
  tools.metrics.reminder('scheduled');
  tellRecord(context, record, {
    status: 'scheduled',
    flowId,
    flowStep: stepId,
    businessEvent,
    nextTryAt: Math.round(fireAt),
  });
}

/** Moves a reminder to the hour for which it has to wait; it is not late by that. */
export function deferReminder(
  tools: MapperTools,
  record: AccountingRecord,
  { key, until, since }: { readonly key: string; readonly until: number; readonly since: number },
  context: TaskContext,
): void {
  const reference = parseReminderKey(key);
  if (!reference) return;
  const store = context.store(mapperStores.reminders);
  const storeKey = remindersKey(reference.connectionId, reference.invoiceId, reference.flowId);
  const planned = store.get(storeKey);
  const version = tools.flows.find(reference.flowId)?.version ?? 0;
  const { flowVersion, keys, held } = planned ?? { flowVersion: version, keys: [], held: {} };
  store.put(storeKey, { flowVersion, keys: [...new Set([...keys, key])], held: { ...held, [key]: since } });
  setRecordTimer(context, record, {
    name: timerNames.reminder,
    key,
    fireAt: until,
    payload: { key, tries: 0 },
  });
}

interface Cancellation {
  readonly key: string;
  readonly flow: Flow;
  readonly record: AccountingRecord;
}

function cancelReminder(tools: MapperTools, { key, flow, record }: Cancellation, context: TaskContext): void {
  context.cancelTimer(timerNames.reminder, key);
  tools.metrics.reminder('cancelled');
  tellRecord(context, record, {
    status: 'cancelled',
    reason: whyCancelled(record),
    ...aboutReminder(flow, key),
  });
}

/** What the trail calls a reminder, from its key. */
export function aboutReminder(flow: Flow | undefined, key: string) {
  const reference = parseReminderKey(key);
  if (!reference) return {};
  const { flowId, stepId, invoiceId, days } = reference;
  const trigger = flow?.steps.find(({ id }) => id === stepId)?.trigger ?? 'invoice.overdue';
  const businessEvent = `invoice/${invoiceId}/${trigger.replace('invoice.', '')}/${days}d`;
  return { flowId, flowStep: stepId, businessEvent };
}

function whyCancelled(record: AccountingRecord): string {
  if (record.deleted || record.invoice?.status === 'voided' || record.invoice?.status === 'deleted')
    return 'voided-meanwhile';
  return isOver(record) ? 'paid-meanwhile' : 'flow-changed';
}

/** Whether the invoice can have no reminders any more. */
function isOver({ deleted, invoice }: AccountingRecord): boolean {
  return deleted || invoice?.status !== 'issued' || compareDecimals(invoice.amountDue, '0') <= 0;
}
