import type { AccountingRecord, FailedMessage } from '#libs/contracts';
import { contactIdOf } from '#libs/flows';

/** Key of the entity store. */
export function entityKey(connectionId: string, entityType: string, entityId: string): string {
  return `${connectionId}/${entityType}/${entityId}`;
}

/** Who owes or is owed; an entity that names nobody stands for itself. */
export function debtorOf(record: AccountingRecord): string {
  const contactId = contactIdOf(record);
  if (contactId) return contactId;
  return record.entityType === 'contact' ? record.entityId : `${record.entityType}:${record.entityId}`;
}

/**
 * A debtor with all invoices and payments is one lane: a contact is kept before its invoices are mapped, an invoice before
 * its payments, and each state of an invoice before the next one, while other debtors of the connection go on beside it. A
 * lane per entity would let an invoice overtake its own contact; one per connection would let a slow template of one
 * customer hold up all others.
 */
export function debtorLane(record: AccountingRecord): string {
  return `${record.connectionId}/debtor/${debtorOf(record)}`;
}

/** Prefix of the waiting store for everything that waits for something of one debtor. */
export function waitingPrefix(record: AccountingRecord): string {
  return `${record.connectionId}/${debtorOf(record)}/`;
}

/** Key of the waiting store. */
export function waitingKey(record: AccountingRecord): string {
  return `${waitingPrefix(record)}${record.entityType}/${record.entityId}`;
}

/** Key of the store of planned reminders. */
export function remindersKey(connectionId: string, invoiceId: string, flowId: string): string {
  return `${connectionId}/${invoiceId}/${flowId}`;
}

/** The lane in which a workspace's messages are counted. */
export function capLane(workspaceId: string): string {
  return `${workspaceId}/cap`;
}

/** Key of the store of failed messages that have another way. */
export function failedKey({ connectionId, commandId }: FailedMessage): string {
  return `${connectionId}/${commandId}`;
}

/** A failed message is asked for in a lane of its own: whose debtor it is shows when the state is there. */
export function failedLane(failed: FailedMessage): string {
  return `${failed.connectionId}/failed/${failed.commandId}`;
}

/** Prefix of the store of open invoices for one debtor; the invoice's id follows. */
export function debtsPrefix(connectionId: string, contactId: string): string {
  return `${connectionId}/${contactId}/`;
}
