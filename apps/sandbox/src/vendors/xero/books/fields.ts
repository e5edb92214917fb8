import { readDate } from './xero-dates.js';
import type { DateText } from './xero-types.js';

/** A JSON object that a client sent. */
export type Fields = Readonly<Record<string, unknown>>;

/** The value as a JSON object, or undefined. */
export function asFields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** The objects of an array field; anything else counts as absent. */
export function listField(fields: Fields, name: string): Fields[] | undefined {
  const value = fields[name];
  if (!Array.isArray(value)) return undefined;
  return value.map(asFields).filter((item) => item !== undefined);
}

/** A text field; numbers are taken as text, as Xero does. */
export function textField(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : undefined;
}

/** A number field; numeric text is taken too. */
export function numberField(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

export function booleanField(fields: Fields, name: string): boolean | undefined {
  const value = fields[name];
  if (typeof value === 'boolean') return value;
  return value === 'true' ? true : value === 'false' ? false : undefined;
}

/** A date field: undefined when absent, null when present but no date. */
export function dateField(fields: Fields, name: string): DateText | null | undefined {
  const value = fields[name];
  return value === undefined || value === null ? undefined : (readDate(value) ?? null);
}

/** Whether the client sent the field with a value at all. */
export function has(fields: Fields, name: string): boolean {
  return fields[name] !== undefined && fields[name] !== null;
}
