import { compareDecimals } from '#libs/core';
import type { TaskContext } from '#libs/streams';
import type { RecordBody } from '#libs/vendor-kit';
import type { FetcherTools } from '../fetcher-tools.js';
import { pollKey } from '../keys.js';

/** Name of the timer that polls early. */
export const HINTED_POLL = 'hinted-poll';

/** What the timers of polls carry. */
export interface PollPayload {
  readonly connectionId: string;
  readonly entityType: string;
}

/**
 * A changed invoice on which something has been paid says that there is a payment to be had, and where the vendor tells
 * nobody of payments only a poll finds it: that poll comes early. Hints of one span set the same time, so that a burst causes
 * one poll and a steady stream cannot push it away.
 */
export function hintPolls(
  tools: FetcherTools,
  connectionId: string,
  body: RecordBody,
  context: TaskContext,
): void {
  if (!body.invoice || compareDecimals(body.invoice.amountPaid, '0') === 0) return;
  const { hintSpanMs } = tools.settings;
  const fireAt = (Math.floor(context.now() / hintSpanMs) + 1) * hintSpanMs;
  for (const { entityType, notified, pollIntervalMs } of tools.source.entityTypes) {
    if (notified || pollIntervalMs === null) continue;
    setPollTimer(context, HINTED_POLL, { connectionId, entityType }, fireAt);
  }
}

/** Sets one of the timers of a poll, in the poll's own lane. */
export function setPollTimer(context: TaskContext, name: string, payload: PollPayload, fireAt: number): void {
  const key = pollKey(payload.connectionId, payload.entityType);
  context.setTimer({ name, key, fireAt: Math.round(fireAt), lane: key, payload });
}
