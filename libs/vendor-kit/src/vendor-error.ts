import { type ErrorDetails, LedgerwireError } from '#libs/core';
import type { Effect, VendorErrorCode } from './contract/errors.js';

/** What a {@link VendorError} says beyond a LedgerwireError. */
export interface VendorErrorDetails extends ErrorDetails {
  readonly code: VendorErrorCode;
  readonly vendor: string;
  readonly effect: Effect;
  /** Metric label of the request that failed. */
  readonly operation?: string | undefined;
  /** HTTP status, when there was an answer. */
  readonly status?: number | undefined;
  /** The vendor's own error code, e.g. `21610`. */
  readonly vendorCode?: string | undefined;
}

/**
 * A call to a vendor that did not give what was asked for. `code` says what happened, `disposition` what becomes of the
 * work, `effect` whether the vendor can have processed the request: with `unknown` a request that is not repeatable must
 * be reconciled before it is sent again. The message names the operation, never its content.
 */
export class VendorError extends LedgerwireError {
  override readonly name: string = 'VendorError';
  declare readonly code: VendorErrorCode;
  declare readonly vendor: string;
  readonly effect: Effect;
  readonly operation: string | undefined;
  readonly status: number | undefined;
  readonly vendorCode: string | undefined;

  constructor(message: string, details: VendorErrorDetails) {
    super(message, details);
    this.effect = details.effect;
    this.operation = details.operation;
    this.status = details.status;
    this.vendorCode = details.vendorCode;
  }
}
