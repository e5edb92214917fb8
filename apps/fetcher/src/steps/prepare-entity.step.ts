import { outcomeOf, topics } from '#libs/contracts';
import { codeOf, digestOf, dispositionOf } from '#libs/core';
import type { TaskContext } from '#libs/streams';
import type { EntityRef, RawEntity } from '#libs/vendor-kit';
import type { FetcherTools } from '../fetcher-tools.js';
import { Fingerprints } from '../fingerprints.js';
import { entityKey } from '../keys.js';
import { currentTraceId } from '../trace.js';
import type { FetchRequest } from './coalesce-notices.step.js';
import { type ComparedEntity, compareEntity, readEntity } from './compare-entity.step.js';
import { aboutRequest } from './emit-record.step.js';

/** An entity ready to be emitted, with what must be known downstream before it, in that order. */
export interface PreparedEntity {
  readonly request: FetchRequest;
  readonly entity: ComparedEntity;
  readonly related: readonly { readonly request: FetchRequest; readonly entity: ComparedEntity }[];
  /** Entities of which it tells and the vendor sends no notice. */
  readonly discovered: readonly EntityRef[];
}

/**
 * Reads a fetched entity and, when it is going to be emitted, fetches those of its relations that have never been emitted:
 * a contact precedes its first invoice in the partition, so that whoever maps the invoice can address somebody.
 * @throws LedgerwireError `unmappable` (dead-letter), or VendorError when a relation cannot be fetched now.
 */
export async function prepareEntity(
  tools: FetcherTools,
  request: FetchRequest,
  fetched: RawEntity | 'gone',
  context: TaskContext,
): Promise<PreparedEntity> {
  const fingerprints = new Fingerprints(context, request.connectionId);
  const entity = readEntity(tools.source, fetched, request, fingerprints.find(request));
  if (compareEntity(entity, fingerprints.find(entity.body)) !== 'changed' && !request.recheck)
    return { request, entity, related: [], discovered: [] };
  const discovered = fetched === 'gone' ? [] : tools.source.discoveredIn(fetched);
  return { request, entity, related: await loadMissing(tools, request, entity, context), discovered };
}

/** Relations that were never emitted, and theirs: the invoice of a payment may have another contact by now. What is needed comes first. */
async function loadMissing(
  tools: FetcherTools,
  request: FetchRequest,
  entity: ComparedEntity,
  context: TaskContext,
): Promise<PreparedEntity['related']> {
  const fingerprints = new Fingerprints(context, request.connectionId);
  const seen = new Set([entityKey(request)]);
  const found: PreparedEntity['related'][number][] = [];
  for (let bodies = [entity.body]; bodies.length > 0;) {
    const missing = bodies
      .flatMap((body) => tools.source.relatedTo(body))
      .filter((ref) => isNew(seen, entityKey({ connectionId: request.connectionId, ...ref })))
      .filter((ref) => !fingerprints.find(ref));
    const loaded = await Promise.all(missing.map((ref) => loadRelated(tools, request, ref, context)));
    const here = loaded.filter((one) => one !== undefined);
    found.unshift(...here);
    bodies = here.map((one) => one.entity.body);
  }
  return found;
}

function isNew(seen: Set<string>, key: string): boolean {
  if (seen.has(key)) return false;
  seen.add(key);
  return true;
}

/** One relation. One that is gone or cannot be read must not hold up what refers to it; the trail says so. */
async function loadRelated(
  tools: FetcherTools,
  request: FetchRequest,
  ref: EntityRef,
  context: TaskContext,
): Promise<{ request: FetchRequest; entity: ComparedEntity } | undefined> {
  const relatedRequest: FetchRequest = {
    ...request,
    ...ref,
    // No notice told of it: by its id the trail would lead from a contact to every invoice that it was first read for.
    noticeIds: [],
    recheck: false,
    recheckTokens: [],
    // What is new or gone is the entity that refers to it.
    created: false,
    deleted: false,
    sourceTime: null,
  };
  try {
    const fetched = await tools.loader.load(request.connectionId, ref.entityType, ref.entityId);
    if (fetched === 'gone') return undefined;
    return { request: relatedRequest, entity: readEntity(tools.source, fetched, relatedRequest, undefined) };
  } catch (error) {
    if (dispositionOf(error) !== 'dead-letter') throw error;
    tellUnreadable(relatedRequest, error, context);
    return undefined;
  }
}

/** Says in the trail that an entity cannot be read; for entities that no input record stands for. */
export function tellUnreadable(request: FetchRequest, error: unknown, context: TaskContext): void {
  context.emit(
    topics.outcomes,
    request.workspaceId,
    outcomeOf({
      ...aboutRequest(request),
      step: 'fetch',
      status: 'failed',
      reason: codeOf(error),
      detail: error instanceof Error ? error.message : null,
      service: context.service,
      at: context.now(),
      what: digestOf(entityKey(request), ...request.noticeIds),
      traceId: currentTraceId(),
    }),
  );
}
