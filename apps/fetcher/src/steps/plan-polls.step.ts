import { type Connection, fetcherStores, type PollCursor } from '#libs/contracts';
import { digestOf } from '#libs/core';
import type { TaskContext } from '#libs/streams';
import { type EntityTypePlan, pollIntervalMsOf } from '#libs/vendor-kit';
import type { FetcherTools } from '../fetcher-tools.js';
import { pollKey } from '../keys.js';
import { setPollTimer } from './hint-polls.step.js';

/** Name of the timer of the regular poll. */
export const REGULAR_POLL = 'poll';

const DAY_MS = 86_400_000;
/** A poll that is this late has no timer any more: its connection was away, or it is a new one. */
const OVERDUE_MS = 60_000;

/**
 * Sees to it that every connection of this task has its polls planned; the polls themselves run in lanes of their own. `intervals` keeps,
 * by poll, the pause that was seen last, so that settings with a shorter one count at once; a wait that the vendor asked for stays.
 */
export function planPolls(tools: FetcherTools, context: TaskContext, intervals: Map<string, number>): void {
  for (const connection of tools.connections.values()) {
    if (connection.vendor !== tools.vendor.manifest.id || connection.status !== 'active') continue;
    if (!context.owns(connection.connectionId)) continue;
    for (const plan of tools.source.entityTypes) planPoll(tools, connection, plan, context, intervals);
  }
}

function planPoll(
  tools: FetcherTools,
  connection: Connection,
  plan: EntityTypePlan,
  context: TaskContext,
  intervals: Map<string, number>,
): void {
  if (plan.pollIntervalMs === null) return;
  const { connectionId } = connection;
  const cursors = context.store(fetcherStores.cursors);
  const key = pollKey(connectionId, plan.entityType);
  const cursor = cursors.get(key);
  const intervalMs = pollIntervalOf(tools, connection, plan);
  const overdue = cursor !== undefined && cursor.nextPollAt <= context.now() - OVERDUE_MS;
  const shortened = intervalMs < (intervals.get(key) ?? 0);
  intervals.set(key, intervalMs);
  if (cursor && !overdue && !(shortened && cursor.nextPollAt > context.now() + intervalMs)) return;
  const next = context.now() + (overdue ? 0 : spreadOf(key, intervalMs));
  cursors.put(key, { ...(cursor ?? firstCursor(tools, connection, plan, context)), nextPollAt: next });
  setPollTimer(context, REGULAR_POLL, { connectionId, entityType: plan.entityType }, next);
}

/** Begins where the connection came to be, so that nothing is missed and the past is not told as news. */
function firstCursor(
  { source, settings }: FetcherTools,
  connection: Connection,
  { entityType }: EntityTypePlan,
  context: TaskContext,
): PollCursor {
  const since = Math.max(
    Math.min(connection.updatedAt, context.now()),
    context.now() - settings.maxLookBackMs,
  );
  return {
    position: source.startPosition(entityType, since),
    polledAt: since,
    nextPollAt: since,
    failures: null,
  };
}

/** The pause between two polls: as configured, or longer so that all polls keep to their share of the daily limit. */
export function pollIntervalOf(
  { vendor, source, settings }: Pick<FetcherTools, 'vendor' | 'source' | 'settings'>,
  connection: Connection,
  plan: EntityTypePlan,
): number {
  const { limits, limitsOf } = vendor.manifest;
  const perDay = limitsOf(connection.settings).perDay ?? limits.perDay;
  const polledTypes = source.entityTypes.filter(({ pollIntervalMs }) => pollIntervalMs !== null).length;
  const affordable = perDay === undefined ? 0 : (DAY_MS * polledTypes) / (perDay * settings.pollShareOfDay);
  return Math.ceil(Math.max(pollIntervalMsOf(plan, connection.settings) ?? 0, affordable));
}

/** A part of the interval that is fixed for the poll, so that the polls of many connections spread over it. */
export function spreadOf(key: string, intervalMs: number): number {
  const fraction = Number.parseInt(digestOf(key).slice(0, 8), 16) / 0xffffffff;
  return Math.floor(fraction * intervalMs);
}
