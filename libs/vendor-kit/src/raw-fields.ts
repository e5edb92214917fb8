import { type DecimalString, LedgerwireError, toDecimal } from '#libs/core';
import { decimalText } from './http/exact-json.js';

/** Decimal places that the contracts hold (`decimal(38, 6)`); more cannot be carried without rounding. */
const MAX_SCALE = 6;

/**
 * Reads fields of a vendor's JSON object for a mapper. What is missing is null or has a default; what has the wrong shape
 * ends in `unmappable` (dead-letter) that names the field and never its value.
 */
export class RawFields {
  private readonly fields: Readonly<Record<string, unknown>>;

  /** `what` names the object in errors, e.g. `invoice`. @throws LedgerwireError `unmappable` when it is no object. */
  constructor(
    value: unknown,
    private readonly what: string,
  ) {
    if (!isObject(value)) throw unmappable(what);
    this.fields = value;
  }

  /** Null when absent, null or empty; numbers come as text. */
  text(name: string): string | null {
    const value = this.fields[name];
    if (value === undefined || value === null || value === '') return null;
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return String(value);
    throw this.wrong(name);
  }

  requiredText(name: string): string {
    return this.text(name) ?? this.missing(name);
  }

  /** Null when absent, null or empty. @throws as well when it has more decimal places than can be carried. */
  amount(name: string): DecimalString | null {
    const value = this.fields[name];
    if (value === undefined || value === null || value === '') return null;
    const amount = this.decimal(name, value);
    if ((amount.split('.')[1]?.length ?? 0) > MAX_SCALE) throw this.wrong(name);
    return amount;
  }

  requiredAmount(name: string): DecimalString {
    return this.amount(name) ?? this.missing(name);
  }

  /** False when absent. Texts `true` and `false` count too. */
  flag(name: string): boolean {
    const value = this.fields[name];
    if (value === undefined || value === null || value === false || value === 'false') return false;
    if (value === true || value === 'true') return true;
    throw this.wrong(name);
  }

  /** Whether it is there at all: neither absent nor null. */
  has(name: string): boolean {
    return (this.fields[name] ?? null) !== null;
  }

  /** As {@link RawFields.flag}, but null when absent or null. */
  answer(name: string): boolean | null {
    const value = this.fields[name];
    return value === undefined || value === null ? null : this.flag(name);
  }

  object(name: string): RawFields | null {
    const value = this.fields[name];
    return value === undefined || value === null ? null : new RawFields(value, `${this.what}.${name}`);
  }

  /** Empty when absent. */
  list(name: string): RawFields[] {
    const value = this.fields[name];
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) throw this.wrong(name);
    return value.map((item) => new RawFields(item, `${this.what}.${name}`));
  }

  /** The error of a field that cannot be understood, for checks of the mapper's own. */
  wrong(name: string): LedgerwireError {
    return unmappable(`${this.what}.${name}`);
  }

  private decimal(name: string, value: unknown): DecimalString {
    try {
      return toDecimal(decimalText(value) ?? '');
    } catch {
      throw this.wrong(name);
    }
  }

  private missing(name: string): never {
    throw this.wrong(name);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unmappable(field: string): LedgerwireError {
  return new LedgerwireError(`field ${field} of the vendor's answer has a shape that we do not know`, {
    code: 'unmappable',
    disposition: 'dead-letter',
  });
}
