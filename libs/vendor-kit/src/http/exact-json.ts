/** A number that a double cannot hold, kept as it was written; `JSON.stringify` writes it back digit for digit. */
interface RawNumber {
  readonly rawJSON: string;
}

interface ExactJson {
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
}

/** ES2025 "JSON.parse source text access", in Node since 21; not yet in TypeScript's ES2024 library. */
const exact = JSON as unknown as ExactJson;

type SourceReviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** Decimal literals of at most 15 significant digits survive a double unchanged (IEEE 754, DBL_DIG). */
const SAFE_LITERAL_LENGTH = 15;
/** A number token too long to be safe, outside of quotes as far as that can be seen cheaply; false alarms only cost time. */
const longNumber = /[:,[]\s*-?[\d.eE+-]{16,}/;

/**
 * Parses JSON without losing digits: numbers that a double may not hold come as raw JSON numbers, which {@link decimalText}
 * reads and `JSON.stringify` writes unchanged.
 * @throws SyntaxError when it is not JSON.
 */
export function parseExactJson(text: string): unknown {
  if (!longNumber.test(text)) return JSON.parse(text) as unknown;
  const revive: SourceReviver = (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && source.length > SAFE_LITERAL_LENGTH
      ? exact.rawJSON(source)
      : value;
  return (JSON.parse as (text: string, reviver: SourceReviver) => unknown)(text, revive);
}

/** The digits of a number that {@link parseExactJson} gave (or of a numeric text); undefined for anything else. */
export function decimalText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  return exact.isRawJSON(value) ? value.rawJSON : undefined;
}
