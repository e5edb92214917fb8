import { type ModelRoot, type Trigger, triggers } from '../events/triggers.js';
import { nearest } from './nearest.js';

/** What kind of value a field holds; null is possible everywhere. */
export type FieldKind = 'text' | 'money' | 'number' | 'date' | 'flag' | 'texts';

/** A field, a group of fields, a list of groups, or (`options`) texts by freely chosen names. */
export type FieldNode = FieldKind | 'options' | { readonly [name: string]: FieldNode } | readonly [FieldNode];

const trackingOption = { category: 'text', option: 'text' } as const;

const lineFields = {
  description: 'text',
  quantity: 'text',
  unitAmount: 'money',
  lineAmount: 'money',
  accountCode: 'text',
  itemCode: 'text',
  tracking: [trackingOption],
} as const;

/** An invoice to a customer and a supplier's bill have the same fields. */
const invoiceFields = {
  id: 'text',
  number: 'text',
  reference: 'text',
  status: 'text',
  issueDate: 'date',
  dueDate: 'date',
  fullyPaidOn: 'date',
  currency: 'text',
  total: 'money',
  amountDue: 'money',
  amountPaid: 'money',
  amountCredited: 'money',
  isPaid: 'flag',
  isPartPaid: 'flag',
  sentToContact: 'flag',
  daysOverdue: 'number',
  contactName: 'text',
  onlineUrl: 'text',
  lineCount: 'number',
  lines: [lineFields],
} as const;

/**
 * Everything that a template or a condition can read: the one description that checks, samples and the README follow.
 * Amounts are decimals, dates are calendar days of the company.
 */
export const modelFields = {
  invoice: invoiceFields,
  bill: invoiceFields,
  payment: {
    id: 'text',
    amount: 'money',
    currency: 'text',
    paidOn: 'date',
    reference: 'text',
    invoiceNumber: 'text',
    contactName: 'text',
  },
  expense: {
    id: 'text',
    number: 'text',
    reference: 'text',
    description: 'text',
    category: 'text',
    status: 'text',
    amount: 'money',
    currency: 'text',
    incurredOn: 'date',
    contactName: 'text',
    customerName: 'text',
    recordedBy: 'text',
  },
  purchaseOrder: {
    id: 'text',
    number: 'text',
    reference: 'text',
    status: 'text',
    issueDate: 'date',
    deliveryDate: 'date',
    currency: 'text',
    total: 'money',
    contactName: 'text',
    lineCount: 'number',
    lines: [lineFields],
  },
  vendorPayment: {
    id: 'text',
    number: 'text',
    reference: 'text',
    amount: 'money',
    currency: 'text',
    paidOn: 'date',
    mode: 'text',
    paidFrom: 'text',
    billNumbers: 'texts',
    contactName: 'text',
  },
  contact: {
    id: 'text',
    name: 'text',
    firstName: 'text',
    lastName: 'text',
    email: 'text',
    groups: 'texts',
    region: 'text',
    country: 'text',
    externalNumber: 'text',
    isCustomer: 'flag',
    isSupplier: 'flag',
  },
  company: { name: 'text', country: 'text', currency: 'text', timeZone: 'text' },
  tracking: 'options',
  debtor: {
    invoiceCount: 'number',
    invoices: [
      {
        number: 'text',
        reference: 'text',
        dueDate: 'date',
        daysOverdue: 'number',
        currency: 'text',
        total: 'money',
        amountDue: 'money',
        onlineUrl: 'text',
      },
    ],
    totals: [{ currency: 'text', amountDue: 'money' }],
    oldestDueDate: 'date',
    daysOverdue: 'number',
  },
  reminder: { days: 'number' },
  change: { fields: 'texts', words: 'text' },
  event: 'text',
  today: 'date',
} as const satisfies Record<ModelRoot, FieldNode>;

/** What looking a path up gives: its kind, or what is wrong with it. */
export type FieldLookup =
  { readonly ok: true; readonly node: FieldNode } | { readonly ok: false; readonly message: string };

/** Extras that Liquid has on every text and list. */
const LIST_EXTRAS: Readonly<Record<string, FieldKind>> = { size: 'number', first: 'text', last: 'text' };

/** Finds the field that a step with this trigger may read under the path. */
export function lookUpField(trigger: Trigger, path: readonly (string | number | null)[]): FieldLookup {
  const [root, ...rest] = path;
  const roots: readonly string[] = triggers[trigger].roots;
  if (typeof root !== 'string' || !Object.hasOwn(modelFields, root)) {
    return unknown(String(root ?? 'this'), roots);
  }
  if (!roots.includes(root)) {
    return { ok: false, message: `“${root}” is not available for ${trigger}; there ${are(roots)}` };
  }
  return descend(modelFields[root as ModelRoot], root, rest);
}

/** Finds a field below a node that is already known, e.g. of the variable of a loop. */
export function descend(
  node: FieldNode,
  name: string,
  rest: readonly (string | number | null)[],
): FieldLookup {
  const [segment, ...further] = rest;
  if (segment === undefined) return { ok: true, node };
  if (Array.isArray(node) || node === 'texts')
    return intoList(node as readonly [FieldNode] | 'texts', name, rest);
  if (node === 'options') {
    if (typeof segment === 'string' && further.length === 0) return { ok: true, node: 'text' };
    return { ok: false, message: `write the category's name, e.g. ${name}.Region or ${name}["Cost centre"]` };
  }
  if (typeof node === 'string') {
    if (segment === 'size' && node === 'text') return { ok: true, node: 'number' };
    return { ok: false, message: `“${name}” is a single value and has no “${String(segment)}”` };
  }
  const group = node as { readonly [name: string]: FieldNode };
  const next = typeof segment === 'string' && Object.hasOwn(group, segment) ? group[segment] : undefined;
  if (next === undefined)
    return unknown(
      `${name}.${segment ?? '[…]'}`,
      Object.keys(group).map((key) => `${name}.${key}`),
    );
  return descend(next, `${name}.${String(segment)}`, further);
}

function intoList(
  node: readonly [FieldNode] | 'texts',
  name: string,
  [segment, ...further]: readonly (string | number | null)[],
): FieldLookup {
  const item: FieldNode = node === 'texts' ? 'text' : node[0];
  if (segment === 'size') return { ok: true, node: 'number' };
  if (typeof segment === 'number' || segment === null || segment === 'first' || segment === 'last') {
    return descend(item, `${name}[]`, further);
  }
  return {
    ok: false,
    message: `“${name}” is a list; loop over it with {% for item in ${name} %}, or use ${Object.keys(LIST_EXTRAS).join(', ')}`,
  };
}

function unknown(name: string, known: readonly string[]): FieldLookup {
  const guess = nearest(name, known);
  return {
    ok: false,
    message: `there is no “${name}”; ${guess ? `did you mean ${guess}?` : `there ${are(known)}`}`,
  };
}

function are(names: readonly string[]): string {
  return `${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}`;
}
