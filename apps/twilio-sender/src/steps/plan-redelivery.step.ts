import type { CommandState, MessageCommand } from '#libs/contracts';
import { fullJitterBackoff, type Random } from '#libs/core';
import type { MessageFailure } from '#libs/vendor-kit';
import type { SenderTools } from '../sender-tools.js';

/** No documentation names a wait: half an hour, as for a handset that is switched off (vendors/twilio.md 2.4, code 30003). */
const DEFAULT_FIRST_RETRY_MS = 30 * 60_000;
const RETRY_CAP_MS = 6 * 60 * 60_000;

/**
 * When the message is sent again under the same command, or undefined: only codes that the vendor's table calls transient,
 * only so often as it says, never after the command's own end.
 */
export function planRedelivery(
  { random }: Pick<SenderTools, 'random'>,
  failure: MessageFailure,
  work: { readonly command: MessageCommand; readonly state: CommandState; readonly now: number },
): number | undefined {
  if (!mayRetry(failure, work.state)) return undefined;
  const retryAt = work.now + retryWaitMs(failure, work.state.attempts, random);
  return work.command.notAfter !== null && retryAt > work.command.notAfter ? undefined : retryAt;
}

/**
 * The n-th wait after failures of this class, in milliseconds: between half and the whole of first × 2^(n−1), so that a cell that
 * comes back, or a queue that has room again, is not met by everyone at once.
 */
export function retryWaitMs(
  { firstRetryMs }: Pick<MessageFailure, 'firstRetryMs'>,
  n: number,
  random: Random,
): number {
  const half = Math.min((firstRetryMs ?? DEFAULT_FIRST_RETRY_MS) * 2 ** (n - 1), RETRY_CAP_MS) / 2;
  return Math.round(half + fullJitterBackoff({ baseMs: half, capMs: half }, 1, random));
}

/** Whether a failed delivery of this class is tried again at all: not when another message of the command has arrived. */
export function mayRetry(failure: MessageFailure, state: CommandState): boolean {
  if (state.deliveryStatus !== null) return false;
  return (failure.class === 'transient' || failure.class === 'later') && state.attempts <= failure.maxRetries;
}
