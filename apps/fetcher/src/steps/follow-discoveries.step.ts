import { type ChangeNotice, changeNoticesOf } from '#libs/contracts';
import { digestOf } from '#libs/core';
import type { TaskContext } from '#libs/streams';
import type { EntityRef } from '#libs/vendor-kit';
import { Fingerprints } from '../fingerprints.js';
import { entityKey } from '../keys.js';
import type { FetchRequest } from './coalesce-notices.step.js';

/** The id of the notice that tells of an entity because another one names it; the trail leads by it from one to the other. */
export function discoveryIdOf(connectionId: string, ref: EntityRef): string {
  return digestOf('discovered', entityKey({ connectionId, ...ref }));
}

/**
 * Writes a notice for each entity that another one told of and that was never emitted. It goes the way of every notice: in
 * its own lane, fetched together with its neighbours, and it keeps nobody waiting. The trail still leads to the webhook.
 */
export function followDiscoveries(
  request: FetchRequest,
  discovered: readonly EntityRef[],
  context: TaskContext,
): readonly string[] {
  const noticeIds: string[] = [];
  const fingerprints = new Fingerprints(context, request.connectionId);
  for (const ref of discovered) {
    const noticeId = discoveryIdOf(request.connectionId, ref);
    noticeIds.push(noticeId);
    if (fingerprints.find(ref)) continue;
    emitNotice(request, ref, noticeId, context);
  }
  return noticeIds;
}

/** Writes a notice of an entity to which a request led; it says where the request came from. */
export function emitNotice(
  request: FetchRequest,
  ref: EntityRef,
  noticeId: string,
  context: TaskContext,
): void {
  const notice: ChangeNotice = {
    noticeId,
    webhookId: request.webhookIds[0] ?? null,
    workspaceId: request.workspaceId,
    connectionId: request.connectionId,
    vendor: request.vendor,
    ...ref,
    changeType: 'unknown',
    origin: request.origin,
    recheck: false,
    recheckToken: null,
    sourceTime: null,
    receivedAt: request.firstNoticedAt,
  };
  context.emit(changeNoticesOf(request.vendor), request.connectionId, notice);
}
