import type { AccountingRecord, Contact } from '#libs/contracts';
import { digestOf } from '#libs/core';
import { type BusinessEvent, eventKey, eventOf } from './business-event.js';

const WATCHED_FIELDS = [
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

/** What happened to a client or vendor: somebody was added, or something about somebody changed. */
export function contactEvents(
  previous: AccountingRecord | null,
  record: AccountingRecord,
  contact: Contact,
): BusinessEvent[] {
  if (record.deleted) return [];
  const before = previous?.deleted === false ? previous.contact : null;
  const kinds = contact.isSupplier ? (['contact', 'vendor'] as const) : (['contact'] as const);
  // Where the books name no day, only a notice tells that somebody is new: an invoice brings old contacts for the first time too, and
  // new ones before their notice.
  const isNew =
    before && contact.createdOn === null
      ? record.created && previous?.created === false
      : !before && (contact.createdOn !== null || record.created);
  const additions = isNew
    ? kinds.map((kind) => eventOf(`${kind}.created`, record, previous, contact.createdOn))
    : [];
  if (!before) return additions;
  const changedFields = WATCHED_FIELDS.filter(
    (field) => JSON.stringify(before[field]) !== JSON.stringify(contact[field]),
  );
  if (changedFields.length === 0) return additions;
  // One contact changes many times, back to a former state too; what it changed to in which version tells the changes apart, and
  // redelivery gives the same.
  const state = digestOf(JSON.stringify(WATCHED_FIELDS.map((field) => contact[field]))).slice(0, 16);
  const changes = kinds.map((kind) => ({
    trigger: `${kind}.changed` as const,
    key: `${eventKey(`${kind}.changed`, record.entityId)}/${state}/${record.version}`,
    occurredOn: null,
    witnessed: true,
    changedFields,
  }));
  return [...additions, ...changes];
}
