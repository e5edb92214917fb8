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
  /** How a replayed record is to be handled: {@link ReplayMode}; never carried on. */
  replayMode: 'replay-mode',
} as const;

/** How a piece of work began. */
export type Origin = 'webhook' | 'poll' | 'stream' | 'replay' | 'timer';

/**
 * - `normal`: as if it came again; what was done is not done twice.
 * - `dry-run`: nothing is done, and what would be is told as outcomes of step `replay`.
 * - `forced`: done again although it was done before, because an operator asks for it.
 */
export type ReplayMode = 'normal' | 'dry-run' | 'forced';

/** The replay that a record belongs to. */
export interface ReplayOrigin {
  readonly replayId: string;
  readonly mode: ReplayMode;
}

/** The replay of a record by its headers; undefined for records that came by themselves. */
export function replayOf(headers: Readonly<Record<string, string>>): ReplayOrigin | undefined {
  const replayId = headers[headerNames.replayId];
  const mode = headers[headerNames.replayMode];
  if (!replayId || (mode !== 'normal' && mode !== 'dry-run' && mode !== 'forced')) return undefined;
  return { replayId, mode };
}
