import type { CommandState, MessageCommand } from '#libs/contracts';
import { fullJitterBackoff } from '#libs/core';
import type { MessageFailure } from '#libs/vendor-kit';
import type { SenderTools } from '../sender-tools.js';

/** No documentation names a wait: half an hour, as for a handset that is switched off (vendors/twilio.md 2.4, code 30003). */
const DEFAULT_FIRST_RETRY_MS = 30 * 60_000;
const RETRY_CAP_MS = 6 * 60 * 60_000;

/**
 * When the message is sent again under the same command, or undefined: only codes that the vendor's table calls transient,
 * only so often as it says, never after the command's own end. The n-th wait is between half and the whole of
 * first × 2^(n−1), so that a cell that comes back is not met by everyone at once.
 */
export function planRedelivery(
  { random }: Pick<SenderTools, 'random'>,
  failure: MessageFailure,
  work: { readonly command: MessageCommand; readonly state: CommandState; readonly now: number },
): number | undefined {
  if (!mayRetry(failure, work.state)) return undefined;
  const firstMs = failure.firstRetryMs ?? DEFAULT_FIRST_RETRY_MS;
  const half = Math.min(firstMs * 2 ** (work.state.attempts - 1), RETRY_CAP_MS) / 2;
  const retryAt = Math.round(work.now + half + fullJitterBackoff({ baseMs: half, capMs: half }, 1, random));
  return work.command.notAfter !== null && retryAt > work.command.notAfter ? undefined : retryAt;
}

/** Whether a failed delivery of this class is tried again at all: not when another message of the command has arrived. */
export function mayRetry(failure: MessageFailure, state: CommandState): boolean {
  if (state.deliveryStatus !== null) return false;
  return (failure.class === 'transient' || failure.class === 'later') && state.attempts <= failure.maxRetries;
}
