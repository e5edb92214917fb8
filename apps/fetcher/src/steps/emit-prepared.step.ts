import type { TaskContext } from '#libs/streams';
import type { FetcherTools } from '../fetcher-tools.js';
import { type Emission, emitRecord, tellFetch } from './emit-record.step.js';
import { followDiscoveries } from './follow-discoveries.step.js';
import { hintPolls } from './hint-polls.step.js';
import type { PreparedEntity } from './prepare-entity.step.js';

/**
 * Emits an entity after its relations, counts what came of it, and follows what a change of it tells of. Several lanes may hold
 * the same entity (a notice and a poll, two invoices of one new contact): what this one has emitted is published before any
 * other of them compares.
 */
export function emitPrepared(tools: FetcherTools, prepared: PreparedEntity, context: TaskContext): Emission {
  const emission = emit(tools, prepared, context);
  context.publish();
  return emission;
}

function emit(
  tools: FetcherTools,
  { request, entity, related, discovered }: PreparedEntity,
  context: TaskContext,
): Emission {
  for (const relation of related) {
    const emission = emitRecord(relation.request, relation.entity, context);
    if (emission === 'changed') tellFetch(relation.request, relation.entity, emission, context);
  }
  const emission = emitRecord(request, entity, context);
  tools.metrics.compared(entity.body.entityType, request.origin, emission);
  const followed = emission === 'changed' ? followDiscoveries(request, discovered, context) : [];
  // Polls overlap on purpose; that they find the same again is nothing to tell.
  if (!request.polled || emission === 'changed') tellFetch(request, entity, emission, context, followed);
  if (emission !== 'changed') return emission;
  // An entity that names what it tells of needs no poll to find it.
  if (discovered.length === 0) hintPolls(tools, request.connectionId, entity.body, context);
  return emission;
}
