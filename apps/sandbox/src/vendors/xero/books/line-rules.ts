import { lineAmountOf, taxOf, toCents } from './amounts.js';
import type { Books } from './books.js';
import { readTracking } from './contact-rules.js';
import { type Fields, has, listField, numberField, textField } from './fields.js';
import type { Invoice, Line, LineAmountTypes } from './xero-types.js';

/** Tax types that carry no tax; every other type gets the organisation's rate unless the line names the amount. */
const UNTAXED = new Set(['NONE', 'EXEMPTOUTPUT', 'EXEMPTINPUT', 'ZERORATEDOUTPUT', 'ZERORATEDINPUT']);
const MAX_TRACKING_PER_LINE = 2;
const MAX_DESCRIPTION = 4000;

/** The lines after a write, or why they are refused. */
export type LinesPlan = { readonly errors: readonly string[] } | { readonly lines: readonly Line[] };

/**
 * Xero's rule for lines: what is sent replaces what was there; a line keeps its identity (and the fields not sent) only
 * when its LineItemID is sent, every other former line is removed.
 */
export function planLines(
  books: Books,
  sent: readonly Fields[],
  types: LineAmountTypes,
  type: Invoice['type'],
  former: readonly Line[],
): LinesPlan {
  const errors: string[] = [];
  const lines: Line[] = [];
  for (const fields of sent) {
    const id = textField(fields, 'LineItemID');
    const kept = id === undefined ? undefined : former.find((line) => line.id === id.toLowerCase());
    if (id !== undefined && !kept) errors.push(`The LineItemID '${id}' is not a line of this document`);
    errors.push(...lineErrors(books, fields));
    if (errors.length === 0) lines.push(readLine(books, fields, types, type, kept));
  }
  return errors.length > 0 ? { errors } : { lines };
}

/** The lines again after the tax treatment of the document changed. */
export function retaxed(books: Books, lines: readonly Line[], types: LineAmountTypes): Line[] {
  return lines.map((line) => ({
    ...line,
    taxAmount: taxOf(line.lineAmount, rateOf(books, line.taxType), types),
  }));
}

function lineErrors(books: Books, fields: Fields): string[] {
  const errors: string[] = [];
  const code = textField(fields, 'AccountCode');
  if (code !== undefined && code !== '' && !books.accounts.some((account) => account.code === code))
    errors.push(`Account code '${code}' is not a valid code for this document.`);
  if ((textField(fields, 'Description')?.length ?? 0) > MAX_DESCRIPTION)
    errors.push(
      `The field Description must be a string with a maximum length of ${String(MAX_DESCRIPTION)}.`,
    );
  const tracking = listField(fields, 'Tracking') ?? [];
  if (tracking.length > MAX_TRACKING_PER_LINE)
    errors.push('A line can have at most two tracking categories.');
  for (const choice of tracking)
    if (!isKnownChoice(books, choice)) errors.push('The tracking option is not recognised.');
  for (const name of ['Quantity', 'UnitAmount', 'LineAmount', 'DiscountRate']) {
    if (has(fields, name) && numberField(fields, name) === undefined)
      errors.push(`${name} must be a number.`);
  }
  return errors;
}

function isKnownChoice(books: Books, fields: Fields): boolean {
  const category = books.tracking.find(
    ({ id, name }) => id === textField(fields, 'TrackingCategoryID') || name === textField(fields, 'Name'),
  );
  return Boolean(
    category?.options.some(
      ({ id, name }) => id === textField(fields, 'TrackingOptionID') || name === textField(fields, 'Option'),
    ),
  );
}

function readLine(
  books: Books,
  fields: Fields,
  types: LineAmountTypes,
  type: Invoice['type'],
  kept: Line | undefined,
): Line {
  const quantity = numberField(fields, 'Quantity') ?? kept?.quantity ?? 1;
  const discountRate = numberField(fields, 'DiscountRate') ?? kept?.discountRate;
  const sentAmount = numberField(fields, 'LineAmount');
  const unitAmount =
    numberField(fields, 'UnitAmount') ?? unitFrom(sentAmount, quantity) ?? kept?.unitAmount ?? 0;
  const lineAmount = lineAmountOf(quantity, unitAmount, discountRate);
  const taxType = textField(fields, 'TaxType') ?? kept?.taxType ?? (type === 'ACCREC' ? 'OUTPUT2' : 'INPUT2');
  const sentTax = numberField(fields, 'TaxAmount');
  return {
    id: kept?.id ?? books.environment.ids.uuid(),
    description: textField(fields, 'Description') ?? kept?.description,
    quantity,
    unitAmount,
    discountRate,
    lineAmount,
    taxAmount:
      sentTax === undefined || types === 'NoTax'
        ? taxOf(lineAmount, rateOf(books, taxType), types)
        : toCents(sentTax),
    taxType,
    accountCode: textField(fields, 'AccountCode') ?? kept?.accountCode ?? (type === 'ACCREC' ? '200' : '400'),
    itemCode: textField(fields, 'ItemCode') ?? kept?.itemCode,
    tracking: readTracking(listField(fields, 'Tracking')) ?? kept?.tracking ?? [],
  };
}

function unitFrom(lineAmount: number | undefined, quantity: number): number | undefined {
  return lineAmount === undefined || quantity === 0 ? undefined : lineAmount / quantity;
}

function rateOf(books: Books, taxType: string): number {
  return UNTAXED.has(taxType) ? 0 : books.organisation.taxRate;
}
