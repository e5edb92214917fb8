import type { AccountBooks } from './account-books.js';
import { isPositive } from './amounts.js';
import type { Entity, EntityKind, Money } from './entity.js';

/** An object as the API shows it today: states that follow from the date, and parts that must be asked for. */
export function viewOf(
  kind: EntityKind,
  entity: Entity,
  books: AccountBooks,
  includes: ReadonlySet<string>,
): Record<string, unknown> {
  if (kind === 'invoice') return invoiceView(entity, books, includes);
  if (kind === 'bill') return billView(entity, books);
  if (kind === 'expense') {
    const category = { category: 'Travel', categoryid: entity['categoryid'], id: entity['categoryid'] };
    return includes.has('category') ? { ...entity, category } : { ...entity };
  }
  return { ...entity };
}

function invoiceView(
  { lines, ...invoice }: Entity,
  books: AccountBooks,
  includes: ReadonlySet<string>,
): Record<string, unknown> {
  const isPaid = isSettled(invoice);
  const hasPaid = isPositive(invoice['paid'] as Money);
  const isLate = String(invoice['due_date']) < books.today();
  const isDraft = invoice['status'] === 1;
  const v3 = isDraft ? 'draft' : isPaid ? 'paid' : isLate ? 'overdue' : hasPaid ? 'partial' : 'sent';
  return {
    accountid: books.business.accountId,
    ...invoice,
    v3_status: v3,
    display_status: isDraft ? 'draft' : 'sent',
    payment_status: isPaid ? 'paid' : hasPaid ? 'partial' : 'unpaid',
    ...(includes.has('lines') && { lines }),
  };
}

function billView(bill: Entity, books: AccountBooks): Record<string, unknown> {
  const isLate = String(bill['due_date']) < books.today();
  const hasPaid = isPositive(bill['paid'] as Money);
  const status = isSettled(bill) ? 'paid' : isLate ? 'overdue' : hasPaid ? 'partial' : 'unpaid';
  const vendor = books.find('bill_vendor', Number(bill['vendorid']));
  return { ...bill, status, ...(vendor && { vendor: { ...vendor } }) };
}

function isSettled(entity: Readonly<Record<string, unknown>>): boolean {
  return isPositive(entity['paid'] as Money) && !isPositive(entity['outstanding'] as Money);
}
