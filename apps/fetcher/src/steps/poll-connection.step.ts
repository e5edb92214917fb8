import { fetcherStores, type PollCursor } from '#libs/contracts';
import { codeOf, dispositionOf, LedgerwireError } from '#libs/core';
import type { TaskContext } from '#libs/streams';
import type { PollPage } from '#libs/vendor-kit';
import type { FetcherSettings, FetcherTools } from '../fetcher-tools.js';
import { pollKey } from '../keys.js';
import { emitPage, fetchListed, type Poll } from './emit-page.step.js';
import { setPollTimer } from './hint-polls.step.js';
import { pollIntervalOf, REGULAR_POLL } from './plan-polls.step.js';

/**
 * Reads all pages of what changed since the cursor. Each page's records and the new position are committed together before
 * the next page is asked for; a failure keeps the position and comes again after the time that the vendor named, else after a
 * pause that grows with each failure.
 */
export async function pollConnection(tools: FetcherTools, poll: Poll, context: TaskContext): Promise<void> {
  const { connection, plan } = poll;
  const key = pollKey(connection.connectionId, plan.entityType);
  const cursors = context.store(fetcherStores.cursors);
  let { cursor } = poll;
  try {
    for (let done = false; !done;) {
      const here = { ...poll, cursor };
      const page = await readPage(tools, here);
      await emitPage(tools, here, page.entities, context);
      await fetchListed(tools, here, page.listed ?? [], context);
      ({ done } = page);
      const nextPollAt = context.now() + pollIntervalOf(tools, connection, plan);
      const polledAt = done ? context.now() : cursor.polledAt;
      cursor = { position: page.next, polledAt, nextPollAt, failures: null };
      cursors.put(key, cursor);
      setPollTimer(context, REGULAR_POLL, payloadOf(poll), nextPollAt);
      await context.commit();
      tools.metrics.polled(plan.entityType, 'ok');
    }
  } catch (error) {
    if (dispositionOf(error) === 'halt' || context.signal.aborted) throw error;
    postponePoll(tools, { ...poll, cursor }, error, context);
  }
}

function readPage(tools: FetcherTools, { connection, plan, cursor }: Poll): Promise<PollPage> {
  const call = tools.callFor(connection, { background: true });
  return tools.source.poll(call, plan.entityType, cursor.position);
}

function postponePoll(tools: FetcherTools, poll: Poll, error: unknown, context: TaskContext): void {
  const { connectionId } = poll.connection;
  tools.logger.warn({
    event: 'poll.failed',
    connectionId,
    entityType: poll.plan.entityType,
    code: codeOf(error),
  });
  tools.metrics.polled(poll.plan.entityType, codeOf(error));
  const { failures, waitMs } = waitAfter(tools.settings, poll.cursor, error);
  const nextPollAt = Math.ceil(context.now() + waitMs);
  const key = pollKey(connectionId, poll.plan.entityType);
  context.store(fetcherStores.cursors).put(key, { ...poll.cursor, nextPollAt, failures });
  setPollTimer(context, REGULAR_POLL, payloadOf(poll), nextPollAt);
}

/** A wait that the vendor or our limits asked for says nothing about the place at which the poll stands, and is no failure of it. */
function waitAfter(
  { pollRetryMs, pollRetryCapMs }: FetcherSettings,
  { failures }: PollCursor,
  error: unknown,
): { readonly failures: number | null; readonly waitMs: number } {
  const asked = error instanceof LedgerwireError ? error.retryAfterMs : undefined;
  if (asked !== undefined) return { failures, waitMs: asked };
  const before = failures ?? 0;
  return { failures: before + 1, waitMs: Math.min(pollRetryCapMs, pollRetryMs * 2 ** before) };
}

function payloadOf({ connection, plan }: Poll) {
  return { connectionId: connection.connectionId, entityType: plan.entityType };
}
