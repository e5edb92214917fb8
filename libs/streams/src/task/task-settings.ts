import type { BackoffPolicy } from '#libs/core';

/** Settings of every task of a service. Durations in milliseconds. */
export interface TaskSettings {
  /** Handlers that run at once in one task. */
  readonly maxInFlight: number;
  /** Of those, for one record key (connection): a slow tenant takes no more than this. */
  readonly maxInFlightPerKey: number;
  /** Decoded records that wait in memory; beyond it the task's inputs are not fetched. */
  readonly maxBacklog: number;
  /** Of those, for one record key (connection); what comes beyond is parked, so that the others find room. */
  readonly maxWaitingPerKey: number;
  /** How long the first unit of work waits for neighbours before a transaction begins. */
  readonly commitLingerMs: number;
  /** A transaction takes no more than this, so that a produce request stays below the broker's limit. */
  readonly maxTransactionBytes: number;
  /** After `retry` errors: backoff with full jitter, then a dead letter once the deadline has passed. */
  readonly retry: BackoffPolicy & { readonly deadlineMs: number };
  /** After `park` errors without a time of their own. */
  readonly park: BackoffPolicy & { readonly deadlineMs: number };
  /** How long running handlers may take to end when the task must be given up. */
  readonly drainTimeoutMs: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What suits a service that calls vendors. */
export const defaultTaskSettings: TaskSettings = {
  maxInFlight: 256,
  maxInFlightPerKey: 64,
  maxBacklog: 2_000,
  maxWaitingPerKey: 500,
  commitLingerMs: 0,
  maxTransactionBytes: 900_000,
  retry: { baseMs: SECOND, capMs: 5 * MINUTE, deadlineMs: DAY },
  park: { baseMs: 30 * SECOND, capMs: 15 * MINUTE, deadlineMs: 7 * DAY },
  drainTimeoutMs: 8 * SECOND,
};
