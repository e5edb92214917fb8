import { type ChangeNotice, changeNoticesOf, fetcherStores } from '#libs/contracts';
import { digestOf } from '#libs/core';
import type { TaskContext } from '#libs/streams';
import type { EntityRef } from '#libs/vendor-kit';
import { entityKey } from '../keys.js';
import type { FetchRequest } from './coalesce-notices.step.js';

/**
 * Writes a notice for each entity that another one told of and that was never emitted. It goes the way of every notice: in
 * its own lane, fetched together with its neighbours, and it keeps nobody waiting. The trail still leads to the webhook.
 */
export function followDiscoveries(
  request: FetchRequest,
  discovered: readonly EntityRef[],
  context: TaskContext,
): void {
  const fingerprints = context.store(fetcherStores.fingerprints);
  for (const ref of discovered) {
    const key = entityKey({ connectionId: request.connectionId, ...ref });
    if (fingerprints.get(key)) continue;
    const notice: ChangeNotice = {
      noticeId: digestOf('discovered', key),
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
}
