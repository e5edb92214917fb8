import type { Context, Liquid } from 'liquidjs';
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

/** Adds our own `money` and `date` filters. */
export function registerOwnFilters(liquid: Liquid): void {
  liquid.registerFilter('money', function (value: unknown, currency?: unknown, locale?: unknown) {
    return money(formatOf(this.context), value, currency, locale);
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
  if (typeof value !== 'string' || !DECIMAL.test(value)) {
    throw new TemplateFailure('bad-argument', 'money takes an amount, e.g. {{ invoice.total | money }}');
  }
  const code = currency === undefined || currency === null ? format.currency : currency;
  // Some vendors name no currency on a payment; then the bare number is the truth.
  if (code === null) return numberFormat(localeOf(format, locale), null).format(value as `${number}`);
  if (typeof code !== 'string' || !CURRENCY.test(code)) {
    throw new TemplateFailure(
      'bad-argument',
      'a currency is three capital letters, e.g. {{ payment.amount | money: "EUR" }}',
    );
  }
  return numberFormat(localeOf(format, locale), code).format(value as `${number}`);
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

function numberFormat(locale: string, currency: string | null): Intl.NumberFormat {
  const style = currency === null ? { minimumFractionDigits: 2 } : { style: 'currency' as const, currency };
  const make = (): Intl.NumberFormat => new Intl.NumberFormat(locale, style);
  return cached<Intl.NumberFormat>(`n ${locale} ${currency}`, make);
}

function dateFormat(locale: string, dateStyle: DateStyle, timeZone: string): Intl.DateTimeFormat {
  const make = (): Intl.DateTimeFormat => new Intl.DateTimeFormat(locale, { dateStyle, timeZone });
  return cached<Intl.DateTimeFormat>(`d ${locale} ${dateStyle} ${timeZone}`, make);
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
