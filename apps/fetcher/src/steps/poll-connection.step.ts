import { type Connection, fetcherStores, type PollCursor } from '#libs/contracts';
import { codeOf, digestOf, dispositionOf, LedgerwireError } from '#libs/core';
import type { TaskContext } from '#libs/streams';
import type { EntityTypePlan, ListedEntity, PollPage, RawEntity } from '#libs/vendor-kit';
import type { FetcherTools } from '../fetcher-tools.js';
import { Fingerprints } from '../fingerprints.js';
import { pollKey } from '../keys.js';
import type { FetchRequest } from './coalesce-notices.step.js';
import { emitPrepared } from './emit-prepared.step.js';
import { setPollTimer } from './hint-polls.step.js';
import { pollIntervalOf, REGULAR_POLL } from './plan-polls.step.js';
import { type PreparedEntity, prepareEntity, tellUnreadable } from './prepare-entity.step.js';

/** One poll: of which connection, for what, from where. */
export interface Poll {
  readonly connection: Connection;
  readonly plan: EntityTypePlan;
  readonly cursor: PollCursor;
}

/**
 * Reads all pages of what changed since the cursor. Each page's records and the new position are committed together before
 * the next page is asked for; a failure keeps the position and comes again after the time that the vendor named.
 */
export async function pollConnection(tools: FetcherTools, poll: Poll, context: TaskContext): Promise<void> {
  const { connection, plan } = poll;
  const key = pollKey(connection.connectionId, plan.entityType);
  const cursors = context.store(fetcherStores.cursors);
  let { position } = poll.cursor;
  try {
    for (let done = false; !done;) {
      const page = await readPage(tools, poll, position);
      await emitPage(tools, poll, page, context);
      await fetchListed(tools, poll, page.listed ?? [], context);
      ({ next: position, done } = page);
      const nextPollAt = context.now() + pollIntervalOf(tools, connection, plan);
      cursors.put(key, { position, polledAt: done ? context.now() : poll.cursor.polledAt, nextPollAt });
      setPollTimer(context, REGULAR_POLL, payloadOf(poll), nextPollAt);
      await context.commit();
      tools.metrics.polled(plan.entityType, 'ok');
    }
  } catch (error) {
    if (dispositionOf(error) === 'halt' || context.signal.aborted) throw error;
    postponePoll(tools, poll, { position, error }, context);
  }
}

function readPage(tools: FetcherTools, { connection, plan }: Poll, position: string): Promise<PollPage> {
  const call = tools.callFor(connection, { background: true });
  return tools.source.poll(call, plan.entityType, position);
}

async function emitPage(
  tools: FetcherTools,
  poll: Poll,
  page: Pick<PollPage, 'entities'>,
  context: TaskContext,
): Promise<void> {
  const prepared = await Promise.all(page.entities.map((raw) => prepareOrTell(tools, poll, raw, context)));
  let chars = 0;
  for (const entity of prepared) {
    if (!entity) continue;
    const emission = emitPrepared(tools, entity, context);
    if (emission === 'changed') chars += entity.entity.raw.length;
    if (chars < tools.settings.maxCommitChars) continue;
    await context.commit();
    chars = 0;
  }
}

/**
 * Fetches what a page only names, as far as it is newer than what was emitted, a few at a time: each few are committed, so that
 * a limit that ends the poll in between loses none of the calls that were spent.
 */
async function fetchListed(
  tools: FetcherTools,
  poll: Poll,
  listed: readonly ListedEntity[],
  context: TaskContext,
): Promise<void> {
  const { connectionId } = poll.connection;
  const fingerprints = new Fingerprints(context, connectionId);
  const news = listed.filter((entity) => {
    const known = fingerprints.find(entity);
    return !known || (entity.version !== null && known.version < entity.version);
  });
  if (news.length === 0) return;
  const call = tools.callFor(poll.connection, { background: true });
  for (let start = 0; start < news.length; start += poll.plan.maxBatch) {
    const ids = news.slice(start, start + poll.plan.maxBatch).map(({ entityId }) => entityId);
    const fetched = await tools.source.fetchEntities(call, poll.plan.entityType, ids);
    // What went between the list and the fetch is told by its own notice, or was never told of.
    const entities = [...fetched.values()].filter((entity) => entity !== 'gone');
    await emitPage(tools, poll, { entities }, context);
    await context.commit();
  }
}

/** One entity that cannot be read must not hold up the others of its page. */
async function prepareOrTell(
  tools: FetcherTools,
  { connection }: Poll,
  raw: RawEntity,
  context: TaskContext,
): Promise<PreparedEntity | undefined> {
  const request = polledRequest(connection, raw, context);
  try {
    return await prepareEntity(tools, request, raw, context);
  } catch (error) {
    if (dispositionOf(error) !== 'dead-letter') throw error;
    tellUnreadable(request, error, context);
    return undefined;
  }
}

/** A poll has no notice; the digest of what it found stands for one. */
function polledRequest(connection: Connection, raw: RawEntity, context: TaskContext): FetchRequest {
  const { workspaceId, connectionId, vendor } = connection;
  const { entityType, entityId } = raw;
  return {
    workspaceId,
    connectionId,
    vendor,
    entityType,
    entityId,
    noticeIds: [digestOf('poll', connectionId, entityType, entityId, raw.json)],
    webhookIds: [],
    origin: 'poll',
    recheck: false,
    recheckTokens: [],
    firstNoticedAt: context.now(),
    sourceTime: null,
  };
}

function postponePoll(
  tools: FetcherTools,
  poll: Poll,
  failure: { readonly position: string; readonly error: unknown },
  context: TaskContext,
): void {
  const { error, position } = failure;
  const { connectionId } = poll.connection;
  tools.logger.warn({
    event: 'poll.failed',
    connectionId,
    entityType: poll.plan.entityType,
    code: codeOf(error),
  });
  tools.metrics.polled(poll.plan.entityType, codeOf(error));
  const asked = error instanceof LedgerwireError ? error.retryAfterMs : undefined;
  const nextPollAt = Math.ceil(context.now() + (asked ?? tools.settings.pollRetryMs));
  const key = pollKey(connectionId, poll.plan.entityType);
  context.store(fetcherStores.cursors).put(key, { ...poll.cursor, position, nextPollAt });
  setPollTimer(context, REGULAR_POLL, payloadOf(poll), nextPollAt);
}

function payloadOf({ connection, plan }: Poll) {
  return { connectionId: connection.connectionId, entityType: plan.entityType };
}
