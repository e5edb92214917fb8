import type { AccountingRecord, Contact, Invoice, IsoDate } from '#libs/contracts';
import { compareDecimals, digestOf } from '#libs/core';
import type { SkipReason } from './skip-reasons.js';
import { type Trigger, triggers } from './triggers.js';

/** Something that happened in the books once, however often it is delivered (DESIGN section 6). */
export interface BusinessEvent {
  readonly trigger: Exclude<Trigger, 'invoice.due-soon' | 'invoice.overdue'>;
  /** The same for every delivery of the same event: entity and kind, no version and no time. */
  readonly key: string;
  /** The day in the company's zone on which it happened by the books; null where they do not say. */
  readonly occurredOn: IsoDate | null;
  /** Whether this very transition was seen, the earlier state being known; else it may be long past. */
  readonly witnessed: boolean;
  /** For `contact.changed`: the names of the fields that differ. */
  readonly changedFields: readonly string[];
}

/** The key of an invoice's event, e.g. `invoice/42/issued`. */
export function invoiceEventKey(invoiceId: string, kind: 'issued' | 'paid' | 'voided'): string {
  return `invoice/${invoiceId}/${kind}`;
}

/** The key of a reminder, e.g. `invoice/42/overdue/3d`; a moved due date does not make it another reminder. */
export function reminderEventKey(invoiceId: string, trigger: Trigger, days: number): string {
  return `invoice/${invoiceId}/${trigger.replace('invoice.', '')}/${days}d`;
}

/**
 * What happened between the previous state of the entity (null: none known) and this one. Drafts, bills and payments
 * that the company made give nothing. Without a previous state an event may have been announced before; the same key
 * gives the same command then, and that is dropped.
 */
export function eventsOf(previous: AccountingRecord | null, record: AccountingRecord): BusinessEvent[] {
  if (previous && previous.version > record.version) return [];
  if (record.invoice) return invoiceEvents(previous, record, record.invoice);
  if (record.payment) return paymentEvents(previous, record);
  if (record.contact) return contactEvents(previous, record, record.contact);
  return [];
}

/** Why a record that a trigger looks at gave no event; null when the trigger is about other entities. */
export function whyNoEvent(
  previous: AccountingRecord | null,
  record: AccountingRecord,
  trigger: Trigger,
): SkipReason | null {
  if (!bodyOf(record, triggers[trigger].entityType)) return null;
  if (record.invoice?.kind === 'purchase' || record.payment?.kind === 'sent') return 'is-a-bill';
  if (previous && previous.version > record.version) return 'stale-record';
  if (record.invoice && stageOf(record) === 'draft') return 'not-issued';
  return 'nothing-new';
}

/** Where an invoice stands as far as messages go: a deleted draft was never more than a draft. */
export type InvoiceStage = 'draft' | 'open' | 'paid' | 'void';

/** The stage of an invoice record. */
export function stageOf(record: AccountingRecord): InvoiceStage {
  const status = record.invoice?.status;
  if (record.deleted || status === 'deleted' || status === 'voided') return 'void';
  if (status === 'paid') return 'paid';
  return status === 'issued' ? 'open' : 'draft';
}

/** Whether nothing is open on an invoice any more, be it paid or credited. */
export function isSettled(record: AccountingRecord): boolean {
  return (
    record.invoice !== null &&
    (stageOf(record) === 'paid' || compareDecimals(record.invoice.amountDue, '0') <= 0)
  );
}

function bodyOf(record: AccountingRecord, entityType: 'invoice' | 'payment' | 'contact'): object | null {
  return record[entityType];
}

function invoiceEvents(
  previous: AccountingRecord | null,
  record: AccountingRecord,
  invoice: Invoice,
): BusinessEvent[] {
  if (invoice.kind !== 'sales') return [];
  const before = previous ? stageOf(previous) : null;
  const now = stageOf(record);
  const wasIssued = before === 'open' || before === 'paid';
  const event = (kind: 'issued' | 'paid' | 'voided', occurredOn: IsoDate | null): BusinessEvent => ({
    trigger: `invoice.${kind}`,
    key: invoiceEventKey(record.entityId, kind),
    occurredOn,
    witnessed: before !== null,
    changedFields: [],
  });
  const events: BusinessEvent[] = [];
  if ((now === 'open' || now === 'paid') && !wasIssued) events.push(event('issued', invoice.issueDate));
  if (now === 'paid' && before !== 'paid') events.push(event('paid', invoice.fullyPaidOn));
  // Who was never told of an invoice need not be told that it is void.
  if (now === 'void' && wasIssued) events.push(event('voided', null));
  return events;
}

function paymentEvents(previous: AccountingRecord | null, record: AccountingRecord): BusinessEvent[] {
  const { payment } = record;
  if (payment?.kind !== 'received' || payment.status !== 'settled' || record.deleted) return [];
  if (previous?.payment?.status === 'settled') return [];
  return [
    {
      trigger: 'payment.received',
      key: `payment/${record.entityId}/received`,
      occurredOn: payment.paidOn,
      witnessed: previous !== null,
      changedFields: [],
    },
  ];
}

const WATCHED_CONTACT_FIELDS = [
  'name',
  'firstName',
  'lastName',
  'email',
  'phones',
  'status',
  'groups',
  'tracking',
  'region',
  'country',
] as const satisfies readonly (keyof Contact)[];

function contactEvents(
  previous: AccountingRecord | null,
  record: AccountingRecord,
  contact: Contact,
): BusinessEvent[] {
  const before = previous?.contact;
  if (!before || record.deleted) return [];
  const changedFields = WATCHED_CONTACT_FIELDS.filter(
    (field) => JSON.stringify(before[field]) !== JSON.stringify(contact[field]),
  );
  if (changedFields.length === 0) return [];
  // One contact changes many times; what it changed to tells the changes apart, and redelivery gives the same.
  const state = digestOf(JSON.stringify(WATCHED_CONTACT_FIELDS.map((field) => contact[field]))).slice(0, 16);
  return [
    {
      trigger: 'contact.changed',
      key: `contact/${record.entityId}/changed/${state}`,
      occurredOn: null,
      witnessed: true,
      changedFields,
    },
  ];
}
