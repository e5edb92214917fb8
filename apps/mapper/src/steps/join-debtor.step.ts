import { type AccountingRecord, type DebtorGroup, type IsoDate, mapperStores } from '#libs/contracts';
import {
  companyDate,
  debtsUntil,
  evaluateDebtor,
  type GroupJoin,
  isRemindable,
  parseReminderKey,
} from '#libs/flows';
import type { TaskContext } from '#libs/streams';
import { debtsPrefix, entityKey } from '../keys.js';
import type { MapperTools } from '../mapper-tools.js';
import { setRecordTimer, timerNames } from '../timers.js';
import { tellRecord } from '../trail.js';
import { endReminder, heldSince, isPlanned } from './ask-before-reminder.step.js';
import { emitMessages } from './emit-messages.step.js';
import { gatherInput, withTarget } from './gather-input.step.js';
import { tellDeferral } from './hold-event.step.js';
import { deferReminder } from './schedule-reminders.step.js';
import { findUsableFlow } from './usable-flow.js';

/** A reminder goes out with the others of its debtor: the first opens the group, and a timer closes it. */
export function joinDebtor(
  tools: MapperTools,
  record: AccountingRecord,
  { key, join }: { readonly key: string; readonly join: GroupJoin },
  context: TaskContext,
): void {
  const { flowId, stepId, businessEvent } = join;
  const { connectionId } = record;
  const groups = context.store(mapperStores.groups);
  const groupKey = [connectionId, businessEvent, flowId, stepId].join('/');
  const known = groups.get(groupKey);
  if (known?.reminders.includes(key)) return;
  const now = context.now();
  const group: DebtorGroup = known ?? {
    flowId,
    stepId,
    businessEvent,
    connectionId,
    contactId: record.invoice?.contactId ?? '',
    reminders: [],
    since: now,
  };
  groups.put(groupKey, { ...group, reminders: [...group.reminders, key] });
  // The reminder stays planned until the group goes out, so that a payment still cancels it; only its guard is done.
  context.cancelTimer(timerNames.reminder, key);
  const fireAt = group.since + tools.settings.gatherDebtorMs;
  if (!known)
    setRecordTimer(context, record, {
      name: timerNames.group,
      key: groupKey,
      fireAt,
      payload: { key: groupKey },
    });
  const about = { flowId, flowStep: stepId, businessEvent, nextTryAt: fireAt };
  tellRecord(context, record, { status: 'grouped', reason: 'with-debtor', ...about });
}

/** One message for everything that came together, on the states that the reminders have just asked for. */
export async function remindDebtor(
  tools: MapperTools,
  groupKey: string,
  context: TaskContext,
): Promise<void> {
  const groups = context.store(mapperStores.groups);
  const group = groups.get(groupKey);
  if (!group) return;
  groups.delete(groupKey);
  const members = membersOf(group, context);
  const [first] = members;
  if (!first) return;
  const usable = findUsableFlow(tools, group.flowId, first.record);
  const about = { flowId: group.flowId, flowStep: group.stepId, businessEvent: group.businessEvent };
  if (!usable.ok) {
    for (const { reference, key } of members) endReminder(reference, key, context);
    tellRecord(context, first.record, { status: 'skipped', ...usable.why, ...about });
    return;
  }
  const { flow, sourceConnection, targetConnection } = usable;
  const work = { record: first.record, previous: null, sourceConnection, giveUp: true };
  const since = firstOf(members.map(({ reference, key }) => heldSince(reference, key, context)));
  const today = companyDate(context.now(), sourceConnection.timeZone);
  const debts = debtsOf(group, debtsUntil(flow, group.stepId, today), context);
  const evaluation = await evaluateDebtor(
    flow,
    { ...group, members: members.map(({ record, reference }) => ({ record, days: reference.days })) },
    withTarget(tools, { ...gatherInput(work, context), heldSince: since, debts }, targetConnection),
    tools.renderer,
  );
  const until = Math.min(...evaluation.deferrals.map((deferral) => deferral.until));
  for (const deferral of evaluation.deferrals) tellDeferral(tools, first.record, deferral, context);
  for (const { reference, key, record } of members) {
    if (evaluation.deferrals.length === 0) endReminder(reference, key, context);
    else deferReminder(tools, record, { key, until, since: since ?? context.now() }, context);
  }
  const reminders = members.map(({ key }) => key);
  const manner = { again: false, quiet: false, resumed: since !== undefined, since, reminders };
  emitMessages(tools, first.record, evaluation, context, manner);
}

/** Reminders of the group that still stand, with their invoices as they were read last; the longest due comes first. */
function membersOf({ connectionId, reminders }: DebtorGroup, context: TaskContext) {
  const entities = context.store(mapperStores.entities);
  const members = reminders.flatMap((key) => {
    const reference = parseReminderKey(key);
    if (!reference || !isPlanned(reference, key, context)) return [];
    const record = entities.get(entityKey(connectionId, 'invoice', reference.invoiceId));
    return record ? [{ key, reference, record }] : [];
  });
  return members.sort((a, b) => b.reference.days - a.reference.days);
}

/** What the debtor owes and is due by the given day (`debtsUntil`), and what the reminders of the group are about. */
export function debtsOf(
  { connectionId, contactId, reminders }: Pick<DebtorGroup, 'connectionId' | 'contactId' | 'reminders'>,
  until: IsoDate,
  context: TaskContext,
): AccountingRecord[] {
  const entities = context.store(mapperStores.entities);
  const prefix = debtsPrefix(connectionId, contactId);
  const asked = new Set(reminders.map((key) => parseReminderKey(key)?.invoiceId));
  return [...context.store(mapperStores.debts).range(prefix)].flatMap(([key, { dueDate }]) => {
    const invoiceId = key.slice(prefix.length);
    if (!asked.has(invoiceId) && (dueDate === null || dueDate > until)) return [];
    const record = entities.get(entityKey(connectionId, 'invoice', invoiceId));
    return record && isRemindable(record) ? [record] : [];
  });
}

function firstOf(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
