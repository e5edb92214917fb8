import type { MessageErrorClass, MessageErrorRule, VendorMessaging } from './contract.js';
import { VendorError } from './vendor-error.js';

/** What an error of a message means; `code` is the vendor's, where it gave one. */
export type MessageFailure = Omit<MessageErrorRule, 'codes'> & { readonly code: number | null };

/** What a refused send means for the message: by the vendor's code, else by the HTTP class; no answer at all is ambiguous. */
export function messageFailureOf(messaging: VendorMessaging, error: VendorError): MessageFailure {
  const code = Number(error.vendorCode ?? Number.NaN);
  const rule = ruleOf(messaging, code);
  if (rule) return { ...rule, code };
  const errorClass = classWithoutRule(messaging, error);
  return { ...withoutRule(errorClass), code: Number.isNaN(code) ? null : code };
}

/** What the error code of a failed delivery means. */
export function deliveryFailureOf(messaging: VendorMessaging, code: number | null): MessageFailure {
  const rule = ruleOf(messaging, code ?? Number.NaN);
  return { ...(rule ?? withoutRule(messaging.fallbackClass(undefined))), code };
}

function ruleOf(messaging: VendorMessaging, code: number): Omit<MessageErrorRule, 'codes'> | undefined {
  const found = messaging.errorTable.find(({ codes }) => codes.includes(code));
  if (!found) return undefined;
  const { codes: _codes, ...rule } = found;
  return rule;
}

function classWithoutRule(messaging: VendorMessaging, error: VendorError): MessageErrorClass {
  if (error.effect === 'unknown') return 'ambiguous';
  return error.status === undefined ? 'transient' : messaging.fallbackClass(error.status);
}

function withoutRule(errorClass: MessageErrorClass): Omit<MessageErrorRule, 'codes'> {
  const repeats = errorClass === 'transient' || errorClass === 'later';
  return {
    class: errorClass,
    reason: `unlisted-${errorClass}`,
    meaning: 'The vendor gives a code that our table does not know.',
    maxRetries: repeats ? 1 : 0,
    firstRetryMs: repeats ? 60_000 : null,
  };
}
