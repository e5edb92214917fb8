import type { Context, Liquid } from 'liquidjs';
import { minorUnitsOf } from './minor-units.js';
import { TemplateFailure } from './template-failure.js';
import type { ModelFormat } from './template-model.js';

/** Filters of liquidjs that a template may use: they make texts and lists, none of them calculates with money. */
export const allowedFilters = [
  'append',
  'capitalize',
  'default',
  'downcase',
  'first',
  'join',
  'last',
  'map',
  'prepend',
  'remove',
  'replace',
  'reverse',
  'size',
  'split',
  'strip',
  'truncate',
  'truncatewords',
  'uniq',
  'upcase',
  'url_encode',
] as const;

/** Name of the register that carries {@link ModelFormat} to the filters; templates cannot reach registers. */
export const FORMAT_REGISTER = 'ledgerwire-format';

const MAX_FORMATTERS = 500;
const DATE_STYLES = ['short', 'medium', 'long', 'full'] as const;
const DECIMAL = /^-?\d+(\.\d+)?$/;
const CURRENCY = /^[A-Z]{3}$/;
const ISO_DATE = /^\d{4}-\d{2}-\d{2}$/;

type DateStyle = (typeof DATE_STYLES)[number];

/** Our own filters. */
export const ownFilters = ['amount', 'date', 'days_until', 'money', 'weekday'] as const;

/** Adds our own filters, which write amounts and dates by the flow's locale and the company's calendar. */
export function registerOwnFilters(liquid: Liquid): void {
  liquid.registerFilter('money', function (value: unknown, currency?: unknown, locale?: unknown) {
    return money(formatOf(this.context), value, currency, locale);
  });
  liquid.registerFilter('amount', function (value: unknown, currency?: unknown, locale?: unknown) {
    return amount(formatOf(this.context), value, currency, locale);
  });
  liquid.registerFilter('weekday', function (value: unknown, locale?: unknown) {
    return weekday(formatOf(this.context), value, locale);
  });
  liquid.registerFilter('days_until', function (value: unknown) {
    return daysUntil(formatOf(this.context), value);
  });
  liquid.registerFilter('date', function (value: unknown, style?: unknown, locale?: unknown) {
    return date(formatOf(this.context), value, style, locale);
  });
}

function formatOf(context: Context): ModelFormat {
  return context.getRegister<ModelFormat>(FORMAT_REGISTER);
}

/** `{{ invoice.total | money }}`, `money: "EUR"`, `money: "EUR", "de-DE"`. Nothing for null. */
function money(format: ModelFormat, value: unknown, currency: unknown, locale: unknown): string {
  if (value === null) return '';
  if (!isDecimal(value)) {
    throw new TemplateFailure('bad-argument', 'money takes an amount, e.g. {{ invoice.total | money }}');
  }
  const code = currencyOf(format, currency);
  // Some vendors name no currency on a payment; then the bare number is the truth.
  return numberFormat(localeOf(format, locale), code, value).format(value);
}

/** `{{ invoice.total | amount }}`: as `money`, with the decimal places of the currency, but without its sign. */
function amount(format: ModelFormat, value: unknown, currency: unknown, locale: unknown): string {
  if (value === null) return '';
  if (!isDecimal(value)) {
    throw new TemplateFailure('bad-argument', 'amount takes an amount, e.g. {{ invoice.total | amount }}');
  }
  const code = currencyOf(format, currency);
  const parts = numberFormat(localeOf(format, locale), code, value).formatToParts(value);
  const kept = parts.filter(({ type }) => type !== 'currency');
  return kept
    .map((part) => part.value)
    .join('')
    .trim();
}

/** The currency that a filter writes in: the one it names, else the record's; null where neither is known. */
function currencyOf(format: ModelFormat, currency: unknown): string | null {
  const code = currency === undefined || currency === null ? format.currency : currency;
  if (code === null || (typeof code === 'string' && CURRENCY.test(code))) return code;
  throw new TemplateFailure(
    'bad-argument',
    'a currency is three capital letters, e.g. {{ payment.amount | money: "EUR" }}',
  );
}

function isDecimal(value: unknown): value is `${number}` {
  return typeof value === 'string' && DECIMAL.test(value);
}

/** `{{ invoice.dueDate | weekday }}`: the name of the day of the week. Nothing for null. */
function weekday(format: ModelFormat, value: unknown, locale: unknown): string {
  if (value === null) return '';
  const key = `w ${localeOf(format, locale)}`;
  const names = cached(
    key,
    () => new Intl.DateTimeFormat(key.slice(2), { weekday: 'long', timeZone: 'UTC' }),
  );
  return names.format(dayOf(value, 'weekday'));
}

/** `{{ invoice.dueDate | days_until }}`: whole days from the company's date, negative when it is past; nothing for null. */
function daysUntil(format: ModelFormat, value: unknown): number | string {
  if (value === null) return '';
  return Math.round(
    (dayOf(value, 'days_until').getTime() - Date.parse(`${format.today}T00:00:00Z`)) / DAY_MS,
  );
}

const DAY_MS = 86_400_000;

function dayOf(value: unknown, filter: string): Date {
  if (typeof value === 'string' && ISO_DATE.test(value)) return new Date(`${value}T00:00:00Z`);
  throw new TemplateFailure('bad-argument', `${filter} takes a date, e.g. {{ invoice.dueDate | ${filter} }}`);
}

/** `{{ invoice.dueDate | date }}`, `date: "long"`, `date: "iso"`, `date: "full", "fr-FR"`. Nothing for null. */
function date(format: ModelFormat, value: unknown, style: unknown, locale: unknown): string {
  if (value === null) return '';
  const wanted = style === undefined || style === null ? 'medium' : style;
  const isDate = typeof value === 'string' && ISO_DATE.test(value);
  if (!isDate && !(typeof value === 'number' && Math.abs(value) <= 8.64e15)) {
    throw new TemplateFailure('bad-argument', 'date takes a date, e.g. {{ invoice.dueDate | date }}');
  }
  // A due date is the same calendar day wherever it is read; only instants are moved into the company's zone.
  const zone = isDate ? 'UTC' : format.timeZone;
  const instant = isDate ? new Date(`${value}T00:00:00Z`) : new Date(value);
  if (wanted === 'iso') return dateFormat('sv-SE', 'short', zone).format(instant);
  if (!DATE_STYLES.includes(wanted as DateStyle)) {
    throw new TemplateFailure('bad-argument', `date takes ${DATE_STYLES.join(', ')} or iso`);
  }
  return dateFormat(localeOf(format, locale), wanted as DateStyle, zone).format(instant);
}

function localeOf(format: ModelFormat, locale: unknown): string {
  if (locale === undefined || locale === null) return format.locale;
  if (typeof locale === 'string' && isLocale(locale)) return locale;
  throw new TemplateFailure('bad-argument', 'the locale must be a language tag such as "en-GB"');
}

/** Whether the text is a BCP 47 language tag that Intl takes. */
export function isLocale(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length === 1;
  } catch {
    return false;
  }
}

const formatters = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();

/**
 * The format of an amount. A currency that is usually shown without hundredths (CLDR: PKR, HUF, IDR, …) is shown with them
 * where the amount has some: a customer who is asked for 12,346 instead of 12,345.67 pays the wrong sum.
 */
function numberFormat(locale: string, currency: string | null, amount: string): Intl.NumberFormat {
  const style = currency === null ? { minimumFractionDigits: 2 } : { style: 'currency' as const, currency };
  const usual = cached(`n ${locale} ${currency}`, () => new Intl.NumberFormat(locale, style));
  if (currency === null || !HAS_FRACTION.test(amount)) return usual;
  const digits = minorUnitsOf(currency);
  if (digits <= (usual.resolvedOptions().maximumFractionDigits ?? digits)) return usual;
  const exact = { ...style, minimumFractionDigits: digits, maximumFractionDigits: digits };
  return cached(`n ${locale} ${currency} ${digits}`, () => new Intl.NumberFormat(locale, exact));
}

const HAS_FRACTION = /\.\d*[1-9]/;

function dateFormat(locale: string, dateStyle: DateStyle, timeZone: string): Intl.DateTimeFormat {
  const make = (): Intl.DateTimeFormat => new Intl.DateTimeFormat(locale, { dateStyle, timeZone });
  return cached(`d ${locale} ${dateStyle} ${timeZone}`, make);
}

/** Formatters cost about 50 µs to make and templates choose the locale, so they are kept, but not without bound. */
function cached<T extends Intl.NumberFormat | Intl.DateTimeFormat>(key: string, make: () => T): T {
  const known = formatters.get(key);
  if (known) return known as T;
  if (formatters.size >= MAX_FORMATTERS) formatters.clear();
  const made = make();
  formatters.set(key, made);
  return made;
}
