import { codeOf, LedgerwireError } from '#libs/core';
import { type MessageErrorClass, VendorError, type VendorMessaging } from '#libs/vendor-kit';

/** What a failed call to the vendor means for its command. */
export type FailureVerdict =
  /** Certainly not processed; the same call may be made again, after `retryAfterMs` where somebody said so. */
  | { readonly kind: 'release'; readonly error: LedgerwireError }
  /** Will never work. */
  | { readonly kind: 'refuse'; readonly reason: string; readonly detail: string; readonly errorCode: string }
  | { readonly kind: 'opted-out'; readonly detail: string; readonly errorCode: string }
  /** May have been processed. */
  | { readonly kind: 'doubt'; readonly errorCode: string };

/** What the judgement rests on besides the error. */
export interface FailureCircumstances {
  readonly messaging: Pick<VendorMessaging, 'errorTable' | 'fallbackClass'>;
  /** How often this command's record has been tried, 1 = first. */
  readonly tries: number;
  readonly configurationWaitMs: number;
}

/**
 * Reads what became of a send from its error: first whether the vendor can have processed it (then nothing else matters),
 * then the vendor's code by the vendor's table, then the error's own disposition.
 * @throws the error itself when nobody classified it; the service halts, and the command is found interrupted.
 */
export function judgeFailure(error: unknown, circumstances: FailureCircumstances): FailureVerdict {
  if (!(error instanceof LedgerwireError)) throw error;
  if (!(error instanceof VendorError) || error.effect === 'unknown')
    return { kind: 'doubt', errorCode: vendorCodeOf(error) };
  return error.vendorCode === undefined ? byDisposition(error) : byVendorCode(error, circumstances);
}

function byDisposition(error: VendorError): FailureVerdict {
  if (error.disposition === 'dead-letter')
    return { kind: 'refuse', reason: error.code, detail: error.message, errorCode: error.code };
  return { kind: 'release', error };
}

function byVendorCode(error: VendorError, circumstances: FailureCircumstances): FailureVerdict {
  const { messaging, tries, configurationWaitMs } = circumstances;
  const rule = messaging.errorTable.find(({ codes }) => codes.includes(Number(error.vendorCode)));
  const errorClass: MessageErrorClass = rule?.class ?? messaging.fallbackClass(error.status);
  const errorCode = vendorCodeOf(error);
  const detail = rule?.meaning ?? error.message;
  if (errorClass === 'ambiguous') return { kind: 'doubt', errorCode };
  if (errorClass === 'opted-out') return { kind: 'opted-out', detail, errorCode };
  if (errorClass === 'configuration')
    return { kind: 'release', error: parked(error, 'vendor-misconfigured', detail, configurationWaitMs) };
  const passes = errorClass === 'transient' || errorClass === 'later';
  const exhausted = rule !== undefined && rule.maxRetries > 0 && tries > rule.maxRetries;
  return passes && !exhausted
    ? { kind: 'release', error: parked(error, rule?.reason ?? error.code, detail, rule?.firstRetryMs) }
    : { kind: 'refuse', reason: rule?.reason ?? error.code, detail, errorCode };
}

/** The same failure as something that waits, for at least what the vendor asked for. */
function parked(
  error: VendorError,
  code: string,
  message: string,
  waitMs: number | null | undefined,
): LedgerwireError {
  return new LedgerwireError(message, {
    code,
    disposition: 'park',
    retryAfterMs: error.retryAfterMs ?? waitMs ?? undefined,
    vendor: error.vendor,
    cause: error,
  });
}

function vendorCodeOf(error: LedgerwireError): string {
  return error instanceof VendorError ? (error.vendorCode ?? error.code) : codeOf(error);
}
