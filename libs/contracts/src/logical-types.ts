import avro from 'avsc';
import { type DecimalString, isDecimalString, toDecimal } from '#libs/core';

/** Milliseconds since the Unix epoch, UTC; safe as a number until the year 287396. */
export type EpochMs = number;

/** A calendar date without a zone, `YYYY-MM-DD` (Avro logical type `date`). */
export type IsoDate = string;

const MS_PER_DAY = 86_400_000;
const ISO_DATE = /^\d{4}-\d{2}-\d{2}$/;

interface LogicalOptions {
  readonly precision: number;
  readonly scale: number;
}

/**
 * Avro `decimal` over bytes (two's complement, big endian; Avro 1.12 specification, "Decimal") as a {@link DecimalString}.
 * A value with more decimal places than the scale, or more digits than the precision, is refused: nothing is rounded silently.
 */
class DecimalType extends avro.types.LogicalType {
  private scale = 0;
  private precision = 0;

  constructor(schema: avro.Schema, options?: object) {
    super(schema, options);
    const { scale, precision } = schema as unknown as LogicalOptions;
    this.scale = scale;
    this.precision = precision;
  }

  protected override _fromValue(bytes: Buffer): DecimalString {
    let unscaled = BigInt(`0x${bytes.toString('hex') || '0'}`);
    if (bytes.length > 0 && ((bytes[0] ?? 0) & 0x80) !== 0) unscaled -= 1n << BigInt(bytes.length * 8);
    const negative = unscaled < 0n;
    const digits = (negative ? -unscaled : unscaled).toString().padStart(this.scale + 1, '0');
    const whole = digits.slice(0, digits.length - this.scale);
    const fraction = digits.slice(digits.length - this.scale).replace(/0+$/, '');
    return `${negative ? '-' : ''}${whole}${fraction ? `.${fraction}` : ''}`;
  }

  protected override _toValue(value: unknown): Buffer | undefined {
    if (typeof value !== 'string' || !isDecimalString(value)) return undefined;
    const [whole = '', fraction = ''] = toDecimal(value).split('.');
    if (fraction.length > this.scale) return undefined;
    const digits = `${whole}${fraction.padEnd(this.scale, '0')}`;
    if (digits.replace(/^-?0*/, '').length > this.precision) return undefined;
    return twosComplement(BigInt(digits));
  }

  protected override _resolve(type: avro.Type): ((value: unknown) => unknown) | undefined {
    if (type instanceof DecimalType && type.scale === this.scale) return (value) => value;
    return undefined;
  }
}

/** Avro `date` (days since 1970-01-01) as an {@link IsoDate}. */
class DateType extends avro.types.LogicalType {
  protected override _fromValue(days: number): IsoDate {
    return new Date(days * MS_PER_DAY).toISOString().slice(0, 10);
  }

  protected override _toValue(value: unknown): number | undefined {
    if (typeof value !== 'string' || !ISO_DATE.test(value)) return undefined;
    const ms = Date.parse(`${value}T00:00:00Z`);
    if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== value) return undefined;
    return ms / MS_PER_DAY;
  }

  protected override _resolve(type: avro.Type): ((value: unknown) => unknown) | undefined {
    return type instanceof DateType ? (value) => value : undefined;
  }
}

/** `timestamp-millis` stays a number: {@link EpochMs}. */
class TimestampType extends avro.types.LogicalType {
  protected override _fromValue(value: number): EpochMs {
    return value;
  }

  protected override _toValue(value: unknown): number | undefined {
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
  }

  protected override _resolve(type: avro.Type): ((value: unknown) => unknown) | undefined {
    return type instanceof TimestampType ? (value) => value : undefined;
  }
}

/** The smallest two's complement form of the number, big endian. */
function twosComplement(value: bigint): Buffer {
  let bytes = 1;
  while (value < -(1n << BigInt(bytes * 8 - 1)) || value >= 1n << BigInt(bytes * 8 - 1)) bytes += 1;
  const unsigned = BigInt.asUintN(bytes * 8, value);
  return Buffer.from(unsigned.toString(16).padStart(bytes * 2, '0'), 'hex');
}

/** The logical types that every schema of ours is read with. */
export const logicalTypes = {
  decimal: DecimalType,
  date: DateType,
  'timestamp-millis': TimestampType,
} as unknown as Record<string, new (schema: avro.Schema, options?: object) => avro.types.LogicalType>;
