import type { Form } from '../form.js';
import type { MessageFilter } from './message-store.js';

const DAY_MS = 86_400_000;

/**
 * The filters of a message list. `DateSent` is a day in GMT; `DateSent>` and `DateSent<` include the day or instant they
 * name, as Twilio's helper libraries expect of "on or after" and "on or before".
 */
export function readFilter(query: Form): MessageFilter {
  const on = readInstant(query.text('DateSent'));
  const after = readInstant(query.text('DateSent>'));
  const before = readInstant(query.text('DateSent<'));
  const bounds = [on?.from, after?.from].filter((bound) => bound !== undefined);
  const ends = [on?.until, before?.until].filter((bound) => bound !== undefined);
  return {
    to: query.text('To'),
    from: query.text('From'),
    sentFrom: bounds.length > 0 ? Math.max(...bounds) : undefined,
    sentBefore: ends.length > 0 ? Math.min(...ends) : undefined,
  };
}

/** A day covers 24 hours; a time of day covers its second. An instant at midnight counts as its day. */
function readInstant(text: string | undefined): { from: number; until: number } | undefined {
  if (text === undefined) return undefined;
  const instant = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  if (Number.isNaN(instant)) return undefined;
  return { from: instant, until: instant + (instant % DAY_MS === 0 ? DAY_MS : 1000) };
}
