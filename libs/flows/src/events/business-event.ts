import type { AccountingRecord, IsoDate } from '#libs/contracts';
import type { RecordTrigger, Trigger } from './triggers.js';

/** Something that happened in the books once, however often it is delivered (DESIGN section 6). */
export interface BusinessEvent {
  readonly trigger: RecordTrigger;
  /**
   * The same for every delivery of the same event: entity and kind, no version and no time; for changes of a contact, which come
   * again and again, the state and the version that brought it as well.
   */
  readonly key: string;
  /** The day in the company's zone on which it happened by the books; null where they do not say. */
  readonly occurredOn: IsoDate | null;
  /** Whether this very transition was seen, the earlier state being known; else it may be long past. */
  readonly witnessed: boolean;
  /** For `contact.changed` and `vendor.changed`: the names of the fields that differ. */
  readonly changedFields: readonly string[];
}

/** An event of a record; its key is `<entity>/<id>/<what happened>`. */
export function eventOf(
  trigger: RecordTrigger,
  record: AccountingRecord,
  previous: AccountingRecord | null,
  occurredOn: IsoDate | null,
): BusinessEvent {
  const key = eventKey(trigger, record.entityId);
  return { trigger, key, occurredOn, witnessed: previous !== null, changedFields: [] };
}

/** The key of an event, e.g. `invoice/42/issued`. */
export function eventKey(trigger: RecordTrigger, entityId: string): string {
  const [entity = '', happened = ''] = trigger.split('.');
  return `${entity}/${entityId}/${happened}`;
}

/** The key of a reminder, e.g. `invoice/42/overdue/3d`; a moved due date does not make it another reminder. */
export function reminderEventKey(invoiceId: string, trigger: Trigger, days: number): string {
  return `invoice/${invoiceId}/${trigger.replace('invoice.', '')}/${days}d`;
}

/** The key of a message about everything that a debtor owes: one a day, e.g. `debtor/7/overdue/2026-11-24`. */
export function debtorEventKey(contactId: string, trigger: Trigger, today: IsoDate): string {
  return `debtor/${contactId}/${trigger.replace('invoice.', '')}/${today}`;
}
