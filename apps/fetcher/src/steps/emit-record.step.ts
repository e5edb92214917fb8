import {
  type AccountingRecord,
  type EntityFingerprint,
  headerNames,
  noBodies,
  outcomeOf,
  topics,
} from '#libs/contracts';
import { digestOf } from '#libs/core';
import type { TaskContext } from '#libs/streams';
import type { RecordBody } from '#libs/vendor-kit';
import { Fingerprints } from '../fingerprints.js';
import { entityKey } from '../keys.js';
import { currentTraceId } from '../trace.js';
import type { FetchRequest } from './coalesce-notices.step.js';
import { discoveryIdOf } from './follow-discoveries.step.js';
import { type ComparedEntity, type Comparison, compareEntity } from './compare-entity.step.js';

/**
 * What was done with an entity; `rechecked` = emitted although unchanged, because somebody asked; `introduced` = because it is told
 * to be new, and nobody has heard that.
 */
export type Emission = Comparison | 'rechecked' | 'introduced';

/**
 * Emits the record when it says something new (or somebody asked for the current state) and remembers it. Looks at the
 * fingerprint only now, in the same turn in which it writes, because other lanes may have emitted the entity meanwhile.
 */
export function emitRecord(request: FetchRequest, entity: ComparedEntity, context: TaskContext): Emission {
  const fingerprints = new Fingerprints(context, request.connectionId);
  const known = fingerprints.find(entity.body);
  const comparison = compareEntity(entity, known);
  if (comparison === 'superseded') return comparison;
  const introduced = isIntroduced(request, entity, known);
  if (comparison === 'unchanged' && !request.recheck && !introduced) return comparison;
  const record = recordOf(request, entity, context);
  fingerprints.keep(record, request.entityType);
  const headers = { [headerNames.origin]: record.origin, [headerNames.workspace]: record.workspaceId };
  context.emit(topics.records, record.connectionId, record, headers);
  if (comparison === 'changed') return comparison;
  return introduced ? 'introduced' : 'rechecked';
}

/** A new contact can be read for its first invoice's sake before its own notice comes, which alone says that it is new. */
function isIntroduced(
  { created }: FetchRequest,
  { body }: ComparedEntity,
  known: EntityFingerprint | undefined,
): boolean {
  return created === true && body.contact !== null && known?.created === false;
}

/** Says in the trail what a fetch came to; `followed` are the notices that it led to. */
export function tellFetch(
  request: FetchRequest,
  entity: ComparedEntity,
  emission: Emission,
  context: TaskContext,
  followed: readonly string[] = [],
): void {
  const emitted = emission !== 'unchanged' && emission !== 'superseded';
  const { body } = entity;
  const recordId = recordIdOf(request, entity);
  context.emit(
    topics.outcomes,
    request.workspaceId,
    outcomeOf({
      ...aboutRequest(request),
      noticeIds: [...noticeIdsOf(request, body), ...followed],
      entityType: body.entityType,
      // What people call a contact is its name.
      entityNumber: body.contact ? null : body.entityNumber,
      step: 'fetch',
      status: emitted ? 'fetched' : emission,
      reason: reasonOf(emission, body.deleted),
      service: context.service,
      at: context.now(),
      // By the state too: a notice that comes again may find another one than the first time.
      what: digestOf(entityKey(request), recordId, ...request.noticeIds),
      traceId: currentTraceId(),
      recordId,
    }),
  );
}

/** A payment that a poll found belongs to the invoice that names it, as if that had told of it. */
function noticeIdsOf({ noticeIds, connectionId, origin }: FetchRequest, body: RecordBody): readonly string[] {
  return body.payment && origin === 'poll' ? [...noticeIds, discoveryIdOf(connectionId, body)] : noticeIds;
}

/** What an outcome about a request refers to. */
export function aboutRequest(request: FetchRequest) {
  const { workspaceId, vendor, connectionId, entityType, entityId, origin, noticeIds, webhookIds } = request;
  return { workspaceId, vendor, connectionId, entityType, entityId, origin, noticeIds, webhookIds };
}

function reasonOf(emission: Emission, deleted: boolean): string | null {
  if (emission === 'rechecked') return 'recheck';
  return deleted ? 'gone' : null;
}

function recordOf(request: FetchRequest, entity: ComparedEntity, context: TaskContext): AccountingRecord {
  const { body, raw, contentHash } = entity;
  return {
    recordId: recordIdOf(request, entity),
    workspaceId: request.workspaceId,
    connectionId: request.connectionId,
    vendor: request.vendor,
    contentHash,
    noticeIds: request.noticeIds,
    webhookIds: request.webhookIds,
    origin: request.origin,
    recheck: request.recheck,
    recheckTokens: request.recheckTokens,
    created: request.created ?? false,
    fetchedAt: context.now(),
    firstNoticedAt: request.firstNoticedAt,
    raw,
    ...noBodies,
    ...body,
  };
}

/** The same state of the same entity has the same id. */
function recordIdOf(request: FetchRequest, { body, contentHash }: ComparedEntity): string {
  return digestOf(request.connectionId, body.entityType, body.entityId, contentHash);
}
