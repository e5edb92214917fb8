import type { CommandState, MessageCommand } from '#libs/contracts';
import { fullJitterBackoff } from '#libs/core';
import type { MessageErrorClass, MessageErrorRule, VendorMessaging } from '#libs/vendor-kit';
import type { SenderTools } from '../sender-tools.js';

/** What an error code of a failed delivery means. */
export interface DeliveryFailure {
  readonly class: MessageErrorClass;
  readonly reason: string;
  readonly meaning: string;
  readonly maxRetries: number;
  readonly firstRetryMs: number;
}

/** No documentation names a wait: half an hour, as for a handset that is switched off (vendors/twilio.md 2.4, code 30003). */
const DEFAULT_FIRST_RETRY_MS = 30 * 60_000;
const RETRY_CAP_MS = 6 * 60 * 60_000;

/** Reads an error code of a delivery report by the vendor's table. */
export function readDeliveryFailure(
  messaging: Pick<VendorMessaging, 'errorTable' | 'fallbackClass'>,
  errorCode: number | null,
): DeliveryFailure {
  const rule: MessageErrorRule | undefined = messaging.errorTable.find(
    ({ codes }) => errorCode !== null && codes.includes(errorCode),
  );
  return {
    class: rule?.class ?? messaging.fallbackClass(undefined),
    reason: rule?.reason ?? 'not-delivered',
    meaning: rule?.meaning ?? 'The carrier network gave no reason that we know',
    maxRetries: rule?.maxRetries ?? 0,
    firstRetryMs: rule?.firstRetryMs ?? DEFAULT_FIRST_RETRY_MS,
  };
}

/**
 * When the message is sent again under the same command, or undefined: only codes that the vendor's table calls transient,
 * only so often as it says, never after the command's own end. The n-th wait is between half and the whole of
 * first × 2^(n−1), so that a cell that comes back is not met by everyone at once.
 */
export function planRedelivery(
  { random }: Pick<SenderTools, 'random'>,
  failure: DeliveryFailure,
  work: { readonly command: MessageCommand; readonly state: CommandState; readonly now: number },
): number | undefined {
  if (!mayRetry(failure, work.state)) return undefined;
  const ceiling = Math.min(failure.firstRetryMs * 2 ** (work.state.attempts - 1), RETRY_CAP_MS);
  const waitMs = ceiling / 2 + fullJitterBackoff({ baseMs: ceiling / 2, capMs: ceiling / 2 }, 1, random);
  const retryAt = Math.round(work.now + waitMs);
  return work.command.notAfter !== null && retryAt > work.command.notAfter ? undefined : retryAt;
}

/** Whether a failed delivery of this class is tried again at all. */
export function mayRetry(failure: DeliveryFailure, state: CommandState): boolean {
  return (failure.class === 'transient' || failure.class === 'later') && state.attempts <= failure.maxRetries;
}
