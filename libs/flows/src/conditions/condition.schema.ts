import { isDecimalString, toDecimal } from '#libs/core';
import { z } from 'zod';
import type { Comparison, Condition } from './condition.js';

const names = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)], {
  error: 'write a name or a list of names',
});
const scalar = z.union([z.string(), z.number(), z.boolean()], {
  error: 'write a text, a number, or true or false',
});
const limit = z.union([z.string().min(1), z.number()], { error: 'write a number or a date (YYYY-MM-DD)' });
const decimal = z
  .union([z.string(), z.number()], { error: 'write an amount, e.g. 100 or "99.50"' })
  .refine((value) => isDecimalString(String(value)), 'write an amount, e.g. 100 or "99.50"');

const amount = z.strictObject(
  {
    is: decimal.optional(),
    above: decimal.optional(),
    atLeast: decimal.optional(),
    below: decimal.optional(),
    atMost: decimal.optional(),
  },
  { error: 'write amount: { atLeast: 100 } or the like' },
);

/** A condition as it is written: every key that is there must hold. */
export interface ConditionSource {
  and?: ConditionInput[] | undefined;
  or?: ConditionInput[] | undefined;
  not?: ConditionInput | undefined;
  group?: string | string[] | undefined;
  region?: string | string[] | undefined;
  country?: string | string[] | undefined;
  currency?: string | string[] | undefined;
  tracking?: Record<string, string | string[]> | undefined;
  amount?: z.infer<typeof amount> | undefined;
  field?: string | undefined;
  is?: string | number | boolean | undefined;
  isNot?: string | number | boolean | undefined;
  oneOf?: (string | number | boolean)[] | undefined;
  contains?: string | undefined;
  startsWith?: string | undefined;
  above?: string | number | undefined;
  atLeast?: string | number | undefined;
  below?: string | number | undefined;
  atMost?: string | number | undefined;
  isSet?: boolean | undefined;
}

/** A list means that all of its conditions must hold. */
export type ConditionInput = ConditionSource | ConditionSource[];

const fieldOperators = [
  'is',
  'isNot',
  'oneOf',
  'contains',
  'startsWith',
  'above',
  'atLeast',
  'below',
  'atMost',
  'isSet',
] as const;

const conditionObject: z.ZodType<ConditionSource> = z
  .strictObject({
    get and() {
      return z.array(conditionSchema).min(1).optional();
    },
    get or() {
      return z.array(conditionSchema).min(1).optional();
    },
    get not() {
      return conditionSchema.optional();
    },
    group: names.optional(),
    region: names.optional(),
    country: names.optional(),
    currency: names.optional(),
    tracking: z.record(z.string().min(1), names).optional(),
    amount: amount.optional(),
    field: z.string().min(1).optional(),
    is: scalar.optional(),
    isNot: scalar.optional(),
    oneOf: z.array(scalar).min(1).optional(),
    contains: z.string().min(1).optional(),
    startsWith: z.string().min(1).optional(),
    above: limit.optional(),
    atLeast: limit.optional(),
    below: limit.optional(),
    atMost: limit.optional(),
    isSet: z.boolean().optional(),
  })
  .check(({ value, issues }) => {
    const operators = fieldOperators.filter((operator) => value[operator] !== undefined);
    if (value.field !== undefined && operators.length === 0) {
      issues.push({
        code: 'custom',
        input: value,
        message: `say how to compare the field: ${fieldOperators.join(', ')}`,
      });
    }
    if (value.field === undefined && operators.length > 0) {
      issues.push({
        code: 'custom',
        input: value,
        message: `“${operators.join('”, “')}” needs a field, e.g. field: invoice.reference`,
      });
    }
    if (Object.keys(value).length === 0) {
      issues.push({
        code: 'custom',
        input: value,
        message: 'an empty condition; leave `if` out when there is none',
      });
    }
  });

/** The keys of a condition. */
export const conditionKeys: readonly string[] = [
  'and',
  'or',
  'not',
  'group',
  'region',
  'country',
  'currency',
  'tracking',
  'amount',
  'field',
  ...fieldOperators,
];

/** A condition in a flow file. */
export const conditionSchema: z.ZodType<ConditionInput> = z.union([
  conditionObject,
  z.array(conditionObject).min(1),
]);

/** The condition as it is evaluated. */
export function toCondition(input: ConditionInput): Condition {
  const parts = (Array.isArray(input) ? input : [input]).flatMap((source) => partsOf(source));
  const [only] = parts;
  return only && parts.length === 1 ? only : { kind: 'and', of: parts };
}

function partsOf(source: ConditionSource): Condition[] {
  const parts: Condition[] = [];
  if (source.and) parts.push({ kind: 'and', of: source.and.map((part) => toCondition(part)) });
  if (source.or) parts.push({ kind: 'or', of: source.or.map((part) => toCondition(part)) });
  if (source.not) parts.push({ kind: 'not', of: toCondition(source.not) });
  for (const kind of ['group', 'region', 'country', 'currency'] as const) {
    const wanted = source[kind];
    if (wanted !== undefined) parts.push({ kind, names: listOf(wanted) });
  }
  for (const [category, options] of Object.entries(source.tracking ?? {})) {
    parts.push({ kind: 'tracking', category, options: listOf(options) });
  }
  for (const [op, value] of Object.entries(source.amount ?? {})) {
    if (value !== undefined) parts.push({ kind: 'amount', comparison: comparisonOf(op, value) });
  }
  if (source.field !== undefined) parts.push(...fieldParts(source.field, source));
  return parts;
}

function fieldParts(path: string, source: ConditionSource): Condition[] {
  return fieldOperators.flatMap((op) => {
    const value = source[op];
    return value === undefined
      ? []
      : [{ kind: 'field', path, comparison: comparisonOf(op, value) } satisfies Condition];
  });
}

function comparisonOf(
  op: string,
  value: string | number | boolean | readonly (string | number | boolean)[],
): Comparison {
  if (op === 'isSet') return { op, value: value === true };
  if (op === 'oneOf') return { op, values: (Array.isArray(value) ? value : [value]).map(String) };
  return { op: op as 'is', value: typeof value === 'number' ? toDecimal(value) : String(value) };
}

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}
