/** Names of the record headers that every topic of the chain carries (DESIGN section 7). Values are UTF-8 text. */
export const headerNames = {
  /** W3C trace context. */
  traceparent: 'traceparent',
  /** How the work began: webhook, poll, stream, replay or timer. */
  origin: 'origin',
  /** Workspace id. */
  workspace: 'workspace',
  /** Set on records that a replay wrote. */
  replayId: 'replay-id',
} as const;

/** How a piece of work began. */
export type Origin = 'webhook' | 'poll' | 'stream' | 'replay' | 'timer';
