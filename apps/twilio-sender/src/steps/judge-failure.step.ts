import { codeOf, LedgerwireError, type Random } from '#libs/core';
import { messageFailureOf, VendorError, type VendorMessaging } from '#libs/vendor-kit';
import { retryWaitMs } from './plan-redelivery.step.js';

/** What a failed call to the vendor means for its command. */
export type FailureVerdict =
  /** Certainly not processed; the same call may be made again, after `retryAfterMs` where somebody said so, `bounded`: only so often. */
  | { readonly kind: 'release'; readonly error: LedgerwireError; readonly bounded: boolean }
  /** Will never work. */
  | { readonly kind: 'refuse'; readonly reason: string; readonly detail: string; readonly errorCode: string }
  | { readonly kind: 'opted-out'; readonly detail: string; readonly errorCode: string }
  /** May have been processed. */
  | { readonly kind: 'doubt'; readonly errorCode: string };

/** What the judgement rests on besides the error. */
export interface FailureCircumstances {
  readonly messaging: VendorMessaging;
  /** How often this command has been refused before for a cause of which repeats are bounded. What it waited for is no refusal. */
  readonly refusals: number;
  readonly configurationWaitMs: number;
  readonly random: Random;
}

/**
 * Reads what became of a send from its error: first whether the vendor can have processed it (then nothing else matters),
 * then whether the vendor's error table lets it wait (429, limits, breaker: as often as it takes), then the code by the
 * vendor's table of message errors.
 * @throws the error itself when nobody classified it; the service halts, and the command is found interrupted.
 */
export function judgeFailure(error: unknown, circumstances: FailureCircumstances): FailureVerdict {
  if (!(error instanceof LedgerwireError)) throw error;
  if (!(error instanceof VendorError)) return { kind: 'doubt', errorCode: codeOf(error) };
  if (error.effect === 'unknown') return { kind: 'doubt', errorCode: vendorCodeOf(error) };
  if (error.disposition !== 'dead-letter') return { kind: 'release', error, bounded: false };
  return judgeRefusal(error, circumstances);
}

function judgeRefusal(error: VendorError, circumstances: FailureCircumstances): FailureVerdict {
  const { messaging, refusals, configurationWaitMs, random } = circumstances;
  const failure = messageFailureOf(messaging, error);
  const errorCode = vendorCodeOf(error);
  const detail = failure.meaning;
  switch (failure.class) {
    case 'ambiguous':
      return { kind: 'doubt', errorCode };
    case 'opted-out':
      return { kind: 'opted-out', detail, errorCode };
    case 'configuration':
      return {
        kind: 'release',
        error: parked(error, failure.reason, detail, configurationWaitMs),
        bounded: false,
      };
    case 'transient':
    case 'later':
      if (refusals < failure.maxRetries) {
        const waitMs = retryWaitMs(failure, refusals + 1, random);
        return { kind: 'release', error: parked(error, failure.reason, detail, waitMs), bounded: true };
      }
      return { kind: 'refuse', reason: failure.reason, detail, errorCode };
    default:
      return { kind: 'refuse', reason: failure.reason, detail, errorCode };
  }
}

/** The same failure as something that waits, for at least what the vendor asked for. */
function parked(error: VendorError, code: string, message: string, waitMs: number): LedgerwireError {
  return new LedgerwireError(message, {
    code,
    disposition: 'park',
    retryAfterMs: error.retryAfterMs ?? waitMs,
    vendor: error.vendor,
    cause: error,
  });
}

function vendorCodeOf(error: VendorError): string {
  return error.vendorCode ?? error.code;
}
