import { type AccountingRecord, mapperStores } from '#libs/contracts';
import { bodyNameOf, isRemindable, readsBody, triggers } from '#libs/flows';
import type { TaskContext } from '#libs/streams';
import { debtsPrefix, entityKey } from '../keys.js';
import type { MapperTools } from '../mapper-tools.js';
import { setRecordTimer, timerNames } from '../timers.js';

/** What is known of the entity: its state now (complete, even when the vendor no longer has it) and the one before. */
export type KeptRecord =
  | { readonly kind: 'superseded' }
  | { readonly kind: 'kept'; readonly record: AccountingRecord; readonly previous: AccountingRecord | null };

const CLOSED = new Set(['paid', 'voided', 'deleted']);

/**
 * Keeps the last record of contacts and sales invoices, which reminders, payments and later states are evaluated with, and of
 * what the company buys where a flow looks at it. An older version than the kept one is refused: deliveries and replays come
 * in any order.
 */
export function keepRecord(tools: MapperTools, incoming: AccountingRecord, context: TaskContext): KeptRecord {
  const entities = context.store(mapperStores.entities);
  const key = entityKey(incoming.connectionId, incoming.entityType, incoming.entityId);
  const previous = entities.get(key) ?? null;
  if (previous && previous.version > incoming.version) return { kind: 'superseded' };
  const record = completed(incoming, previous);
  if (isKept(tools, record)) {
    entities.put(key, slim(record));
    rememberFor(tools, record, previous, context);
  }
  if (record.invoice?.kind === 'sales') keepDebt(record, previous, context);
  return { kind: 'kept', record, previous };
}

/** What the vendor no longer has comes without a body; what it was is known from before. */
function completed(record: AccountingRecord, previous: AccountingRecord | null): AccountingRecord {
  if (!record.deleted || record.invoice || !previous?.invoice) return record;
  return {
    ...record,
    entityNumber: previous.entityNumber,
    invoice: { ...previous.invoice, status: 'deleted' },
  };
}

function isKept(tools: MapperTools, record: AccountingRecord): boolean {
  if (record.entityType === 'contact' || record.invoice?.kind === 'sales') return true;
  const body = bodyNameOf(record);
  if (body === null || body === 'payment') return false;
  const flows = tools.flows.flowsOf(record.workspaceId, record.connectionId);
  return flows.some(({ flow }) =>
    flow?.steps.some(({ trigger }) => readsBody(trigger, body) && triggers[trigger].party === 'vendor'),
  );
}

/** Which invoices a debtor has open; written only when one opens, closes, or changes its debtor or due date. */
function keepDebt(record: AccountingRecord, previous: AccountingRecord | null, context: TaskContext): void {
  const debts = context.store(mapperStores.debts);
  const was = previous && debtOf(previous);
  const is = debtOf(record);
  if (was && was.key !== is?.key) debts.delete(was.key);
  if (is && (was?.key !== is.key || was.dueDate !== is.dueDate)) debts.put(is.key, { dueDate: is.dueDate });
}

function debtOf(record: AccountingRecord) {
  const contactId = record.invoice?.contactId;
  if (!record.invoice || !contactId || !isRemindable(record)) return null;
  const key = `${debtsPrefix(record.connectionId, contactId)}${record.entityId}`;
  return { key, dueDate: record.invoice.dueDate };
}

/** Templates list as many lines. */
const KEPT_LINES = 50;

/**
 * Without the vendor's JSON. Of an invoice with thousands of lines the first are kept, and of the others one for each tracking
 * option that they bring, which conditions go by.
 */
export function slim(record: AccountingRecord): AccountingRecord {
  const { invoice } = record;
  if (!invoice || invoice.lines.length <= KEPT_LINES) return { ...record, raw: '' };
  const known = new Set<string>();
  const lines = invoice.lines.filter(({ tracking }, index) => {
    const options = tracking.map(({ category, option }) => JSON.stringify([category, option]));
    const isNew = options.some((option) => !known.has(option));
    for (const option of options) known.add(option);
    return index < KEPT_LINES || isNew;
  });
  return { ...record, raw: '', invoice: { ...invoice, lines } };
}

/** As much of a record as its outcomes need. */
export function withoutLines(record: AccountingRecord): AccountingRecord {
  const { invoice, purchaseOrder } = record;
  return {
    ...record,
    raw: '',
    invoice: invoice && { ...invoice, lines: [] },
    purchaseOrder: purchaseOrder && { ...purchaseOrder, lines: [] },
  };
}

/** A closed document is kept as long as something older about it could come again, then forgotten. */
function rememberFor(
  { settings }: MapperTools,
  record: AccountingRecord,
  previous: AccountingRecord | null,
  context: TaskContext,
): void {
  const key = entityKey(record.connectionId, record.entityType, record.entityId);
  if (isClosed(record)) {
    const fireAt = context.now() + settings.rememberClosedMs;
    setRecordTimer(context, record, { name: timerNames.forget, key, fireAt, payload: { entityKey: key } });
  } else if (previous && isClosed(previous)) context.cancelTimer(timerNames.forget, key);
}

/** Whether nothing more is to come of it: an invoice or bill that is done with, or what is booked once. Contacts stay. */
export function isClosed({ deleted, invoice, contact }: AccountingRecord): boolean {
  if (invoice) return deleted || CLOSED.has(invoice.status);
  return contact === null;
}
