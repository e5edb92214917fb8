import type { DateText } from './xero-types.js';

const DATE_ONLY = /^(\d{4})-(\d{2})-(\d{2})(?:T[\d:.]+)?(?:Z|[+-]\d{2}:?\d{2})?$/;
const MICROSOFT_DATE = /^\/Date\((-?\d+)(?:[+-]\d{4})?\)\/$/;

/** Xero's JSON form of an instant: milliseconds since the epoch, always with offset +0000. */
export function microsoftDate(epochMs: number): string {
  return `/Date(${String(epochMs)}+0000)/`;
}

/** The instant of {@link microsoftDate}, or undefined when the text is no such date. */
export function fromMicrosoftDate(text: string): number | undefined {
  const match = MICROSOFT_DATE.exec(text);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** The `…String` sibling of an instant: UTC without a zone letter, as in Xero's older fields. */
export function plainDateTime(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19);
}

/** Midnight UTC of a calendar date. */
export function midnight(date: DateText): number {
  return Date.parse(`${date}T00:00:00Z`);
}

/** Both fields that Xero gives for a document's date: `Date` and `DateString`. */
export function bothDates(name: string, date: DateText | undefined): Record<string, string> {
  if (date === undefined) return {};
  return { [name]: microsoftDate(midnight(date)), [`${name}String`]: `${date}T00:00:00` };
}

/** The calendar date in any form that Xero takes (`2026-11-20`, with a time, or `/Date(ms)/`); undefined when it is none. */
export function readDate(value: unknown): DateText | undefined {
  if (typeof value !== 'string') return undefined;
  const instant = fromMicrosoftDate(value);
  if (instant !== undefined) return new Date(instant).toISOString().slice(0, 10);
  const match = DATE_ONLY.exec(value);
  if (!match) return undefined;
  const date = `${match[1] ?? ''}-${match[2] ?? ''}-${match[3] ?? ''}`;
  const parsed = midnight(date);
  return Number.isNaN(parsed) || new Date(parsed).toISOString().slice(0, 10) !== date ? undefined : date;
}

/** `If-Modified-Since` in any form that clients send; cut to the second, as Xero does. Undefined when unreadable. */
export function readModifiedSince(header: string): number | undefined {
  const isoWithoutZone = /^\d{4}-\d{2}-\d{2}T[\d:.]+$/.test(header);
  const instant = Date.parse(isoWithoutZone ? `${header}Z` : header);
  return Number.isNaN(instant) ? undefined : Math.floor(instant / 1000) * 1000;
}
