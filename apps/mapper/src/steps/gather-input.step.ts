import { type AccountingRecord, type Connection, mapperStores, type ReplayOrigin } from '#libs/contracts';
import { contactIdOf, type EvaluationInput } from '#libs/flows';
import type { TaskContext } from '#libs/streams';
import { entityKey } from '../keys.js';
import type { MapperTools } from '../mapper-tools.js';
import { isDerived } from './send-command.step.js';

/** A record to be evaluated, against which former state. */
export interface RecordWork {
  readonly record: AccountingRecord;
  readonly previous: AccountingRecord | null;
  readonly sourceConnection: Connection;
  /** Set when an operator has the record mapped again. */
  readonly replay?: ReplayOrigin | undefined;
  /** Entities that are still not known count as not existing; the evaluation then says so. */
  readonly giveUp: boolean;
}

/** What a flow is evaluated on, but for the flow's own target connection. */
export type GatheredInput = Omit<EvaluationInput, 'targetConnection' | 'measure'>;

/** Puts together what the flows look at: the record, what it was before, its contact and the invoice that it settles. */
export function gatherInput(work: RecordWork, context: TaskContext): GatheredInput {
  const { record, sourceConnection, giveUp } = work;
  const replayed = record.origin === 'replay';
  const anew = work.replay !== undefined && work.replay.mode !== 'normal';
  return {
    record,
    // A replay derives its events anew; what was derived before is dropped by the commands store.
    previous: replayed ? null : work.previous,
    contact: relatedOf(contactIdOf(record), giveUp, (id) =>
      findContact(record.connectionId, id, giveUp, context),
    ),
    invoice: relatedOf(record.payment?.invoiceId, giveUp, (id) =>
      context.store(mapperStores.entities).get(entityKey(record.connectionId, 'invoice', id)),
    ),
    sourceConnection,
    now: context.now(),
    ignoreAge: replayed,
    // What is forced is derived once more; a dry run renders what was derived before, to see whether it would differ.
    isDerived: (commandId) => !anew && isDerived(commandId, context),
    // Who forces a message wants it now.
    ignoreQuiet: work.replay?.mode === 'forced',
  };
}

/** The input with the connection that sends, and how its vendor counts. */
export function withTarget<T extends object>(
  { measureOf }: MapperTools,
  input: T,
  targetConnection: Connection,
): T & Pick<EvaluationInput, 'targetConnection' | 'measure'> {
  return { ...input, targetConnection, measure: measureOf(targetConnection.vendor) };
}

/** null = does not exist, undefined = not known here yet. */
function relatedOf(
  id: string | null | undefined,
  giveUp: boolean,
  find: (id: string) => AccountingRecord | null | undefined,
): AccountingRecord | null | undefined {
  if (!id) return null;
  const found = find(id);
  return found === undefined && giveUp ? null : found;
}

/** So many merges are followed; books that merge on and on, or in a circle, name nobody. */
const MAX_MERGES = 20;

/**
 * A merged contact lives on in another one, which may have been merged itself. Where the next one is not known yet the last
 * known comes back, whose evaluation asks for it; when that is given up there is none.
 */
function findContact(
  connectionId: string,
  contactId: string,
  giveUp: boolean,
  context: TaskContext,
): AccountingRecord | null | undefined {
  const entities = context.store(mapperStores.entities);
  let contact = entities.get(entityKey(connectionId, 'contact', contactId));
  for (let merges = 0; merges <= MAX_MERGES; merges += 1) {
    const mergedInto = contact?.contact?.mergedIntoId;
    if (!mergedInto || mergedInto === contact?.entityId) return contact;
    const next = entities.get(entityKey(connectionId, 'contact', mergedInto));
    if (!next) return giveUp ? null : contact;
    contact = next;
  }
  return null;
}
