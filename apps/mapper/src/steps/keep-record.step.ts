import { type AccountingRecord, mapperStores } from '#libs/contracts';
import type { TaskContext } from '#libs/streams';
import { entityKey } from '../keys.js';
import type { MapperTools } from '../mapper-tools.js';
import { setRecordTimer, timerNames } from '../timers.js';

/** What is known of the entity: its state now (complete, even when the vendor no longer has it) and the one before. */
export type KeptRecord =
  | { readonly kind: 'superseded' }
  | { readonly kind: 'kept'; readonly record: AccountingRecord; readonly previous: AccountingRecord | null };

const CLOSED = new Set(['paid', 'voided', 'deleted']);

/**
 * Keeps the last record of contacts and sales invoices, which reminders, payments and later states are evaluated with. An
 * older version than the kept one is refused: deliveries and replays come in any order.
 */
export function keepRecord(tools: MapperTools, incoming: AccountingRecord, context: TaskContext): KeptRecord {
  const entities = context.store(mapperStores.entities);
  const key = entityKey(incoming.connectionId, incoming.entityType, incoming.entityId);
  const previous = entities.get(key) ?? null;
  if (previous && previous.version > incoming.version) return { kind: 'superseded' };
  const record = completed(incoming, previous);
  if (incoming.entityType === 'contact' || record.invoice?.kind === 'sales') entities.put(key, slim(record));
  if (record.invoice?.kind === 'sales') rememberFor(tools, record, previous, context);
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

/** Without the vendor's JSON and the ids of what brought it. */
export function slim(record: AccountingRecord): AccountingRecord {
  return { ...record, raw: '' };
}

/** A closed invoice is kept as long as something older about it could come again, then forgotten. */
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

/** Whether the vendor counts the invoice as done with, one way or the other. */
export function isClosed({ deleted, invoice }: AccountingRecord): boolean {
  return deleted || (invoice !== null && CLOSED.has(invoice.status));
}
