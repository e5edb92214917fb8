import type { Connection, PollCursor } from '#libs/contracts';
import { digestOf, dispositionOf, LedgerwireError } from '#libs/core';
import type { TaskContext } from '#libs/streams';
import type { EntityRef, EntityTypePlan, ListedEntity, RawEntity } from '#libs/vendor-kit';
import type { FetcherTools } from '../fetcher-tools.js';
import { Fingerprints } from '../fingerprints.js';
import type { FetchRequest } from './coalesce-notices.step.js';
import { emitPrepared } from './emit-prepared.step.js';
import { emitNotice } from './follow-discoveries.step.js';
import { type PreparedEntity, prepareEntity, tellUnreadable } from './prepare-entity.step.js';

/** One poll: of which connection, for what, from where. */
export interface Poll {
  readonly connection: Connection;
  readonly plan: EntityTypePlan;
  readonly cursor: PollCursor;
}

/** Emits what a page holds, in transactions of bounded size; what cannot be had of it is passed over as {@link passOver} says. */
export async function emitPage(
  tools: FetcherTools,
  poll: Poll,
  entities: readonly RawEntity[],
  context: TaskContext,
): Promise<void> {
  const prepared = await Promise.all(entities.map((raw) => prepareOrPass(tools, poll, raw, context)));
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
export async function fetchListed(
  tools: FetcherTools,
  poll: Poll,
  listed: readonly ListedEntity[],
  context: TaskContext,
): Promise<void> {
  const fingerprints = new Fingerprints(context, poll.connection.connectionId);
  const news = listed.filter((entity) => {
    const known = fingerprints.find(entity);
    return !known || (entity.version !== null && known.version < entity.version);
  });
  for (let start = 0; start < news.length; start += poll.plan.maxBatch) {
    const few = news.slice(start, start + poll.plan.maxBatch);
    await emitPage(tools, poll, await fetchOrPass(tools, poll, few, context), context);
    await context.commit();
  }
}

/** What failed together is tried one by one, so that only what is to blame is passed over. */
async function fetchOrPass(
  tools: FetcherTools,
  poll: Poll,
  named: readonly ListedEntity[],
  context: TaskContext,
): Promise<readonly RawEntity[]> {
  const call = tools.callFor(poll.connection, { background: true });
  const ids = named.map(({ entityId }) => entityId);
  const [first] = named;
  try {
    const fetched = await tools.source.fetchEntities(call, poll.plan.entityType, ids);
    for (const missing of named.filter(({ entityId }) => fetched.get(entityId) === 'gone'))
      leaveToNotice(listedRequest(poll, missing, context), context);
    return [...fetched.values()].filter((entity) => entity !== 'gone');
  } catch (error) {
    if (!first || !mayPass(tools, poll, error)) throw error;
    if (named.length === 1) {
      passOver(listedRequest(poll, first, context), error, context);
      return [];
    }
  }
  const found: RawEntity[] = [];
  for (const one of named) found.push(...(await fetchOrPass(tools, poll, [one], context)));
  return found;
}

async function prepareOrPass(
  tools: FetcherTools,
  poll: Poll,
  raw: RawEntity,
  context: TaskContext,
): Promise<PreparedEntity | undefined> {
  const request = polledRequest(poll.connection, raw, raw.json, context);
  try {
    return await prepareEntity(tools, request, raw, context);
  } catch (error) {
    if (!mayPass(tools, poll, error)) throw error;
    passOver(request, error, context);
    return undefined;
  }
}

/**
 * One entity that cannot be had must not hold up the others for ever. What is refused for good is passed at once; anything else
 * may be the vendor's trouble and not the entity's, so that the poll comes again to the same place a few times first.
 */
function mayPass({ settings }: FetcherTools, { cursor }: Poll, error: unknown): boolean {
  if (!(error instanceof LedgerwireError) || error.disposition === 'halt') return false;
  if (error.disposition === 'dead-letter') return true;
  return error.retryAfterMs === undefined && (cursor.failures ?? 0) >= settings.pollTries;
}

/** Tells of an entity that is refused for good; any other is left to a notice. */
function passOver(request: FetchRequest, error: unknown, context: TaskContext): void {
  if (dispositionOf(error) === 'dead-letter') tellUnreadable(request, error, context);
  else leaveToNotice(request, context);
}

/** The notice waits and is tried again in the entity's own lane; what a list names and a fetch does not find is doubted there. */
function leaveToNotice(request: FetchRequest, context: TaskContext): void {
  const { entityType, entityId, noticeIds } = request;
  for (const noticeId of noticeIds) emitNotice(request, { entityType, entityId }, noticeId, context);
}

function listedRequest({ connection }: Poll, entity: ListedEntity, context: TaskContext): FetchRequest {
  return polledRequest(connection, entity, `version ${entity.version}`, context);
}

/** A poll has no notice; the digest of what it found stands for one. */
function polledRequest(
  connection: Connection,
  { entityType, entityId }: EntityRef,
  state: string,
  context: TaskContext,
): FetchRequest {
  const { workspaceId, connectionId, vendor } = connection;
  return {
    workspaceId,
    connectionId,
    vendor,
    entityType,
    entityId,
    noticeIds: [digestOf('poll', connectionId, entityType, entityId, state)],
    webhookIds: [],
    origin: 'poll',
    polled: true,
    recheck: false,
    recheckTokens: [],
    firstNoticedAt: context.now(),
    sourceTime: null,
  };
}
