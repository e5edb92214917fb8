import { compareDecimals, isDecimalString } from '#libs/core';
import type { ModelValue } from '../templates/template-model.js';
import type { Comparison, Condition } from './condition.js';

/** What conditions are decided on. */
export interface ConditionFacts {
  /** The same data that templates read. */
  readonly data: { readonly [root: string]: ModelValue };
  /** All tracking options of the record by category, of every line; of the contact where no line has the category. */
  readonly tracking: Readonly<Record<string, readonly string[]>>;
}

/** Whether a condition holds; when not, which part failed, in the words of the flow and never with data. */
export type Verdict = { readonly met: true } | { readonly met: false; readonly because: string };

const MET: Verdict = { met: true };

/** Decides a condition. What is not known (a null field, no contact) meets nothing but `isSet: false` and `isNot`. */
export function evaluateCondition(condition: Condition, facts: ConditionFacts): Verdict {
  switch (condition.kind) {
    case 'and':
      return allOf(condition.of, facts);
    case 'or':
      return anyOf(condition.of, facts);
    case 'not':
      return verdict(!evaluateCondition(condition.of, facts).met, 'what is under “not” holds');
    case 'tracking':
      return tracking(condition, facts);
    case 'amount':
      return compare('the amount', amountOf(facts), condition.comparison);
    case 'field':
      return compare(condition.path, valueAt(facts, condition.path), condition.comparison);
    default:
      return named(condition, facts);
  }
}

/** So many parts that failed are named; who writes more finds the others when these hold. */
const MAX_NAMED = 5;

function allOf(parts: readonly Condition[], facts: ConditionFacts): Verdict {
  const because = parts.flatMap((part) => whyNot(part, facts));
  return verdict(because.length === 0, because.slice(0, MAX_NAMED).join(', and '));
}

function anyOf(parts: readonly Condition[], facts: ConditionFacts): Verdict {
  const because = parts.flatMap((part) => whyNot(part, facts));
  const named = because.slice(0, MAX_NAMED).join('; ');
  return verdict(because.length < parts.length, `none of the alternatives under “or” holds (${named})`);
}

function whyNot(condition: Condition, facts: ConditionFacts): string[] {
  const part = evaluateCondition(condition, facts);
  return part.met ? [] : [part.because];
}

type NamedCondition = Extract<Condition, { readonly names: readonly string[] }>;

/** Roots that have an amount; a payment's own goes before that of the invoice it settles. */
const DOCUMENTS = ['payment', 'invoice', 'bill', 'expense', 'purchaseOrder', 'vendorPayment'] as const;

const namedPaths = {
  group: ['contact.groups'],
  region: ['contact.region'],
  country: ['contact.country'],
  currency: DOCUMENTS.map((root) => `${root}.currency`),
} as const;

function named(condition: NamedCondition, facts: ConditionFacts): Verdict {
  const value =
    namedPaths[condition.kind].map((path) => valueAt(facts, path)).find((found) => found !== null) ?? null;
  const found = Array.isArray(value) ? value : [value];
  return verdict(
    found.some((item) => typeof item === 'string' && anyMatches(condition.names, item)),
    `${condition.kind} is not ${condition.names.join(' or ')}`,
  );
}

function tracking(condition: Extract<Condition, { kind: 'tracking' }>, facts: ConditionFacts): Verdict {
  const category = Object.keys(facts.tracking).find((name) => sameText(name, condition.category));
  const options = category === undefined ? [] : (facts.tracking[category] ?? []);
  const met = condition.options.includes('*')
    ? options.length > 0
    : options.some((option) => anyMatches(condition.options, option));
  return verdict(met, `tracking ${condition.category} is not ${condition.options.join(' or ')}`);
}

function compare(name: string, value: ModelValue, comparison: Comparison): Verdict {
  const wanted = 'values' in comparison ? comparison.values.join(' or ') : String(comparison.value);
  return verdict(holds(value, comparison), `${name}: ${comparison.op} ${wanted} does not hold`);
}

function holds(value: ModelValue, comparison: Comparison): boolean {
  if (comparison.op === 'isSet')
    return (value !== null && value !== '' && !isEmptyList(value)) === comparison.value;
  if (comparison.op === 'isNot') return !matches(value, comparison.value);
  if (comparison.op === 'is') return matches(value, comparison.value);
  if (comparison.op === 'oneOf') return comparison.values.some((wanted) => matches(value, wanted));
  if (comparison.op === 'contains' || comparison.op === 'startsWith')
    return hasText(value, comparison.op, comparison.value);
  return ordered(value, comparison.op, comparison.value);
}

/** A list contains its items, whole; a text its parts. */
function hasText(value: ModelValue, op: 'contains' | 'startsWith', wanted: string): boolean {
  if (isList(value))
    return op === 'contains' ? matches(value, wanted) : value.some((item) => hasText(item, op, wanted));
  if (typeof value !== 'string') return false;
  return op === 'contains' ? fold(value).includes(fold(wanted)) : fold(value).startsWith(fold(wanted));
}

function ordered(value: ModelValue, op: 'above' | 'atLeast' | 'below' | 'atMost', limit: string): boolean {
  if (typeof value !== 'string' && typeof value !== 'number') return false;
  const order = orderOf(String(value), limit);
  if (order === null) return false;
  if (op === 'above') return order > 0;
  if (op === 'atLeast') return order >= 0;
  return op === 'below' ? order < 0 : order <= 0;
}

/** Decimals by size, dates by the calendar; null when the two are neither. */
function orderOf(value: string, limit: string): number | null {
  if (isDecimalString(value) && isDecimalString(limit)) return compareDecimals(value, limit);
  if (ISO_DATE.test(value) && ISO_DATE.test(limit)) return value < limit ? -1 : Number(value > limit);
  return null;
}

const ISO_DATE = /^\d{4}-\d{2}-\d{2}$/;

/** A list matches by any of its items, so that `isNot` means that none of them does. */
function matches(value: ModelValue, wanted: string): boolean {
  if (isList(value)) return value.some((item) => matches(item, wanted));
  if (value === null || typeof value === 'object') return false;
  const text = String(value);
  if (isDecimalString(text) && isDecimalString(wanted)) return compareDecimals(text, wanted) === 0;
  return sameText(text, wanted);
}

function amountOf(facts: ConditionFacts): ModelValue {
  const paths = DOCUMENTS.flatMap((root) => [`${root}.amount`, `${root}.total`]);
  return paths.map((path) => valueAt(facts, path)).find((found) => found !== null) ?? null;
}

function valueAt(facts: ConditionFacts, path: string): ModelValue {
  const [root = '', ...rest] = path.split('.');
  if (root === 'tracking') return facts.tracking[rest.join('.')]?.[0] ?? null;
  let value: unknown = Object.hasOwn(facts.data, root) ? facts.data[root] : null;
  for (const segment of rest) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, segment)) return null;
    value = (value as Record<string, unknown>)[segment];
  }
  return (value ?? null) as ModelValue;
}

function isEmptyList(value: ModelValue): boolean {
  return isList(value) && value.length === 0;
}

function isList(value: ModelValue): value is readonly ModelValue[] {
  return Array.isArray(value);
}

function anyMatches(wanted: readonly string[], text: string): boolean {
  return wanted.some((name) => sameText(name, text));
}

function sameText(a: string, b: string): boolean {
  return fold(a) === fold(b);
}

function fold(text: string): string {
  return text.trim().toLowerCase();
}

function verdict(met: boolean, because: string): Verdict {
  return met ? MET : { met: false, because };
}
