import type { z } from 'zod';
import type {
  AnswerFacts,
  ErrorRule,
  ErrorTable,
  VendorErrorCode,
  VendorRequest,
  VendorResponse,
} from './contract.js';
import { TransportFailure, type TransportFailureKind } from './http/http-transport.js';
import { VendorError } from './vendor-error.js';

type Asked = Pick<VendorRequest, 'operation' | 'repeatable'>;

/** The first rule of the table that fits the answer, or undefined when the table has a hole. */
export function findErrorRule(rules: readonly ErrorRule[], facts: AnswerFacts): ErrorRule | undefined {
  return rules.find(
    (rule) =>
      (rule.statuses?.some((wanted) => statusMatches(wanted, facts.status)) ?? true) &&
      (rule.vendorCodes?.includes(facts.vendorCode ?? '') ?? true) &&
      (rule.details?.includes(facts.detail ?? '') ?? true),
  );
}

function statusMatches(wanted: number | '4xx' | '5xx', status: number): boolean {
  return typeof wanted === 'number' ? wanted === status : Math.floor(status / 100) === Number(wanted[0]);
}

/** The error that an answer means, by the vendor's table. */
export function answerError(
  vendor: string,
  table: ErrorTable,
  request: Asked,
  response: VendorResponse,
  retryAfterMs: number | undefined,
): VendorError {
  const facts = table.readFacts(response);
  const rule = findErrorRule(table.rules, facts) ?? holeInTable;
  const mayRepeatWork = response.status >= 500 && !request.repeatable;
  return new VendorError(`${vendor} answered ${request.operation} with ${response.status}: ${rule.meaning}`, {
    code: rule.code,
    disposition: rule.disposition,
    vendor,
    effect: rule.effect ?? (mayRepeatWork ? 'unknown' : 'none'),
    operation: request.operation,
    status: response.status,
    vendorCode: facts.vendorCode,
    retryAfterMs,
  });
}

const holeInTable: ErrorRule = {
  code: 'vendor-rejected',
  disposition: 'dead-letter',
  meaning: 'an answer that the error table does not know',
};

/** What a refused token means when the renewed one is refused as well: the token is good, but not for this. */
export function forbiddenError({ vendor, operation, status, vendorCode, cause }: VendorError): VendorError {
  const message = `${vendor} refuses ${operation ?? 'a request'} to a renewed token as well: a scope, the user's role or the plan is lacking`;
  return new VendorError(message, {
    code: 'vendor-forbidden',
    disposition: 'park',
    vendor,
    effect: 'none',
    operation,
    status,
    vendorCode,
    cause,
  });
}

const transportCodes: Readonly<Record<TransportFailureKind, VendorErrorCode>> = {
  unreachable: 'vendor-unreachable',
  timeout: 'vendor-timeout',
  reset: 'vendor-reset',
  'too-large': 'vendor-bad-answer',
};

/**
 * The error that a missing or broken answer means. A request whose time ran out before it was written has waited for one of our own
 * sockets (connecting has a shorter limit): that says nothing of the vendor, and nothing of the tenant.
 */
export function transportError(vendor: string, request: Asked, failure: TransportFailure): VendorError {
  if (failure.kind === 'timeout' && !failure.sent)
    return new VendorError(`no socket to ${vendor} was free in time for ${request.operation}`, {
      code: 'vendor-limit-wait',
      disposition: 'park',
      vendor,
      effect: 'none',
      operation: request.operation,
      cause: failure,
    });
  return new VendorError(`${vendor} gave no answer to ${request.operation}: ${failure.message}`, {
    code: failure.sent ? transportCodes[failure.kind] : 'vendor-unreachable',
    disposition: failure.kind === 'too-large' ? 'dead-letter' : 'retry',
    vendor,
    effect: failure.sent && !request.repeatable ? 'unknown' : 'none',
    operation: request.operation,
    cause: failure,
  });
}

/** An answer with a good status that cannot be read. After a request that is not repeatable nobody knows what happened. */
export function badAnswer(vendor: string, request: Asked, what: string): VendorError {
  return new VendorError(`${vendor} answered ${request.operation} with something unreadable: ${what}`, {
    code: 'vendor-bad-answer',
    disposition: request.repeatable ? 'retry' : 'dead-letter',
    vendor,
    effect: request.repeatable ? 'none' : 'unknown',
    operation: request.operation,
  });
}

/**
 * The JSON of an answer, checked against a schema. The error does not quote the answer, which may hold tokens or personal data.
 * @throws VendorError `vendor-bad-answer` as {@link badAnswer}.
 */
export function readJsonAnswer<T>(vendor: string, request: Asked, body: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(body));
  } catch {
    throw badAnswer(vendor, request, 'not the JSON that is documented');
  }
}

/** Failures that speak about the vendor's health and so count for the breaker; refusals of one tenant do not. */
const unhealthyCodes: ReadonlySet<string> = new Set<VendorErrorCode>([
  'vendor-unreachable',
  'vendor-timeout',
  'vendor-reset',
  'vendor-unavailable',
]);

/** Whether the breaker counts this error. */
export function isVendorFailure(error: unknown): boolean {
  return error instanceof VendorError && unhealthyCodes.has(error.code);
}
