import { digestOf } from '#libs/core';
import type { Outcome } from './generated/types.js';

/** What identifies an outcome, and as much of the rest as is known. */
export type OutcomeParts = Pick<Outcome, 'workspaceId' | 'step' | 'status' | 'service' | 'at'> &
  Partial<Omit<Outcome, 'outcomeId'>> & {
    /** What the outcome is about, as an id: the command, record, notice or message. */
    readonly what: string;
    /** Which try it is the result of, so that two tries with the same result stay two outcomes. Default 1. */
    readonly attempt?: number;
  };

/**
 * A complete outcome. Its id depends on step, status, reason, `what` and `attempt` only: a step that is repeated after a crash
 * gives the same outcome, and the audit trail keeps one.
 */
export function outcomeOf({ what, attempt = 1, ...parts }: OutcomeParts): Outcome {
  return {
    reason: null,
    detail: null,
    traceId: null,
    origin: null,
    vendor: null,
    connectionId: null,
    entityType: null,
    entityId: null,
    entityNumber: null,
    webhookIds: [],
    noticeIds: [],
    recordId: null,
    commandId: null,
    messageSid: null,
    flowId: null,
    flowStep: null,
    businessEvent: null,
    channel: null,
    recipient: null,
    errorCode: null,
    nextTryAt: null,
    replayId: null,
    ...parts,
    outcomeId: digestOf('outcome', parts.step, parts.status, parts.reason ?? '', what, String(attempt)),
  };
}

/** The trace id of a W3C `traceparent` header, or null when there is none that can be read. */
export function traceIdOf(traceparent: string | undefined): string | null {
  return /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(traceparent ?? '')?.[1] ?? null;
}
