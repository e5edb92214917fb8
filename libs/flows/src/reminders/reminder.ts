import type { AccountingRecord, Connection, Contact, EpochMs, IsoDate } from '#libs/contracts';
import type { Flow, ReminderSchedule, Step } from '../definition/flow.js';
import { addDays, companyInstant, toWorkingDay } from '../timing/company-time.js';
import { likelyZone } from '../timing/recipient-zones.js';
import { reminderEventKey } from '../events/business-event.js';
import { isSettled, stageOf } from '../events/stages.js';
import type { ReminderTrigger } from '../events/triggers.js';

/** Which reminder: one step of one flow, one number of days, one invoice. */
export interface ReminderReference {
  readonly flowId: string;
  readonly stepId: string;
  readonly days: number;
  readonly connectionId: string;
  readonly invoiceId: string;
}

/** A timer that the mapper sets; setting the same key again moves it. */
export interface ReminderPlan extends ReminderReference {
  /** Key of the timer, and the token of the recheck that is asked for when it fires. */
  readonly key: string;
  readonly recheckToken: string;
  /** UTC; never before `now`. */
  readonly fireAt: EpochMs;
  /** What the messages of this reminder are about, e.g. `invoice/42/overdue/3d`. */
  readonly businessEvent: string;
}

const PREFIX = 'reminder';

/** The key of a reminder's timer; the same for as long as the reminder is the same. */
export function reminderKeyOf(reference: ReminderReference): string {
  const { connectionId, invoiceId, flowId, stepId, days } = reference;
  return [PREFIX, connectionId, invoiceId, flowId, stepId, String(days)].map(encodeURIComponent).join('/');
}

/** Reads a key or recheck token back; null when it is no reminder's. */
export function parseReminderKey(key: string): ReminderReference | null {
  const [prefix, connectionId, invoiceId, flowId, stepId, days, ...more] = key.split('/').map(decode);
  if (prefix !== PREFIX || !connectionId || !invoiceId || !flowId || !stepId || !days || more.length > 0)
    return null;
  return /^\d+$/.test(days) ? { connectionId, invoiceId, flowId, stepId, days: Number(days) } : null;
}

/** Whether reminders for this invoice make sense at all: the customer's, issued, and something is still open. */
export function isRemindable(record: AccountingRecord): boolean {
  const { invoice } = record;
  return invoice?.kind === 'sales' && stageOf(record) === 'open' && !isSettled(record);
}

/** A timed step with what its trigger guarantees. */
export interface ReminderStep extends Step {
  readonly trigger: ReminderTrigger;
  readonly schedule: ReminderSchedule;
}

/** The timed steps of a flow. */
export function reminderStepsOf(flow: Flow): ReminderStep[] {
  return flow.steps.filter((step): step is ReminderStep => step.schedule !== null);
}

/** Whose calendar and clocks a reminder goes by. */
export interface ReminderClocks {
  readonly source: Pick<Connection, 'timeZone' | 'country'>;
  readonly holidays: Flow['holidays'];
  /** The debtor, for schedules by the recipient's clocks; null where he is not known, which leaves the company's. */
  readonly contact: Pick<Contact, 'timeZone' | 'country' | 'region'> | null;
}

/** When the reminder is due: N days from the due date at the local hour, on a working day if the step says so. */
export function reminderInstant(
  { trigger, schedule }: ReminderStep,
  days: number,
  dueDate: string,
  { source, holidays, contact }: ReminderClocks,
): EpochMs {
  const date = addDays(dueDate, trigger === 'invoice.overdue' ? days : -days);
  const day = schedule.businessDays ? toWorkingDay(date, { country: source.country, holidays }) : date;
  const zone = schedule.zone === 'recipient' && contact ? likelyZone(contact, source) : source.timeZone;
  return companyInstant(day, schedule.at, zone);
}

/**
 * Up to which due date a message about a whole debtor lists what he owes: all that is past due and, before the due date, all that
 * a reminder of the step can be about today. There is one such message a day, so what is not on it is not told of at all when its own reminder
 * comes too late to be gathered.
 */
export function debtsUntil(flow: Flow, stepId: string, today: IsoDate): IsoDate {
  const step = reminderStepsOf(flow).find(({ id }) => id === stepId);
  if (step?.trigger !== 'invoice.due-soon') return addDays(today, -1);
  const { days, zone } = step.schedule;
  // Where it goes by the debtor's clocks, his day may be the company's next one.
  return addDays(today, Math.max(...days) + (zone === 'recipient' ? 1 : 0));
}

/** The reference of one reminder of a record. */
export function reminderReference(
  flow: Flow,
  stepId: string,
  days: number,
  record: AccountingRecord,
): ReminderReference {
  return { flowId: flow.id, stepId, days, connectionId: record.connectionId, invoiceId: record.entityId };
}

/** Puts a plan together. */
export function reminderPlan(
  reference: ReminderReference,
  trigger: ReminderTrigger,
  fireAt: EpochMs,
): ReminderPlan {
  const key = reminderKeyOf(reference);
  const businessEvent = reminderEventKey(reference.invoiceId, trigger, reference.days);
  return { ...reference, key, recheckToken: key, fireAt, businessEvent };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
