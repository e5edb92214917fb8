import { type AccountingRecord, mapperStores, type WaitingRecord } from '#libs/contracts';
import type { EntityReference } from '#libs/flows';
import type { TaskContext } from '#libs/streams';
import { entityKey, waitingKey, waitingPrefix } from '../keys.js';
import type { MapperTools } from '../mapper-tools.js';
import { setRecordTimer, timerNames } from '../timers.js';
import { tellRecord } from '../trail.js';
import { askForEntity } from './ask-for-entities.step.js';
import { slim } from './keep-record.step.js';

/** A record that waits, as it was kept. */
export interface WaitingWork {
  readonly key: string;
  readonly record: AccountingRecord;
  readonly previous: AccountingRecord | null;
  readonly tries: number;
}

/**
 * Lets a record wait for the entities it lacks and asks for them. It is not parked: then the contact that it waits for would
 * queue up behind it in the debtor's lane. Nothing of the other flows waits with it.
 */
export function awaitRelated(
  tools: MapperTools,
  work: Omit<WaitingWork, 'key'>,
  needs: readonly EntityReference[],
  context: TaskContext,
): void {
  const { record, previous, tries } = work;
  const key = waitingKey(record);
  const waiting = context.store(mapperStores.waiting);
  const fireAt = context.now() + (tools.settings.relatedWaitsMs[tries] ?? 0);
  waiting.put(key, {
    record: JSON.stringify(slim(record)),
    previous: previous && JSON.stringify(previous),
    tries: tries + 1,
    since: waiting.get(key)?.since ?? context.now(),
  });
  setRecordTimer(context, record, { name: timerNames.related, key, fireAt, payload: { waitingKey: key } });
  for (const need of uniqueNeeds(needs)) {
    askForEntity(record, { ...need, token: null, round: `${record.recordId}/${tries}` }, context);
  }
  tellRecord(context, record, {
    status: 'waiting',
    reason: `no-${needs[0]?.entityType ?? 'contact'}-yet`,
    detail: 'Another entity must be read first; it has been asked for',
    nextTryAt: fireAt,
  });
}

/** Ends the waiting of a record. */
export function stopWaiting(key: string, context: TaskContext): void {
  context.store(mapperStores.waiting).delete(key);
  context.cancelTimer(timerNames.related, key);
}

/** A waiting record by its key, unless a newer state of it has come meanwhile. */
export function findWaiting(key: string, context: TaskContext): WaitingWork | undefined {
  const waiting = context.store(mapperStores.waiting).get(key);
  return waiting && parseWaiting(key, waiting);
}

/**
 * Everything of the same debtor that may have waited for this record: of a contact all, of an invoice the payments that settle
 * it. No more than that: if each invoice of a contact that cannot be read woke those before it, hundreds of them would be
 * evaluated tens of thousands of times.
 */
export function waitingFor(record: AccountingRecord, context: TaskContext): WaitingWork[] {
  const waiting = context.store(mapperStores.waiting);
  const prefix = waitingPrefix(record);
  const read = (range: string) => [...waiting.range(range)].map(([key, found]) => parseWaiting(key, found));
  if (record.contact) return read(prefix).filter(({ key }) => key !== waitingKey(record));
  if (!record.invoice) return [];
  const payments = read(`${prefix}payment/`);
  return payments.filter((waits) => waits.record.payment?.invoiceId === record.entityId);
}

/** Whether a newer state of the record has been kept since it began to wait. */
export function isOutdated({ record }: WaitingWork, context: TaskContext): boolean {
  const key = entityKey(record.connectionId, record.entityType, record.entityId);
  const kept = context.store(mapperStores.entities).get(key);
  return kept !== undefined && kept.version > record.version;
}

function parseWaiting(key: string, { record, previous, tries }: WaitingRecord): WaitingWork {
  return {
    key,
    record: JSON.parse(record) as AccountingRecord,
    previous: previous === null ? null : (JSON.parse(previous) as AccountingRecord),
    tries,
  };
}

function uniqueNeeds(needs: readonly EntityReference[]): EntityReference[] {
  return [...new Map(needs.map((need) => [`${need.entityType}/${need.entityId}`, need])).values()];
}
