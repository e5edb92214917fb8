import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Books } from '../books/books.js';
import { asFields, type Fields } from '../books/fields.js';
import { planInvoice } from '../books/invoice-rules.js';
import type { ListQuery } from '../books/list-query.js';
import { invoiceSummary, invoiceView } from '../books/views.js';
import type { Invoice } from '../books/xero-types.js';
import { sendNotFound, sendRows } from './envelope.js';
import { elementsOf, writeElements, type WriteRecipe } from './write-elements.js';
import { sendList } from './lists.js';
import { type AccountingContext, booksOf } from './xero-context.js';

type WithId = { Params: { id: string } };

/** `/Invoices`: one by id or number, lists, create (PUT), create or update (POST). */
export function addInvoiceRoutes(server: FastifyInstance, context: AccountingContext): void {
  server.get<WithId>('/Invoices/:id', (request, reply) => {
    const books = booksOf(request);
    const invoice = findInvoice(books, request.params.id);
    return invoice
      ? sendRows(reply, context.clock.now(), 'Invoices', [singleText(books, invoice)])
      : sendNotFound(reply);
  });

  server.get('/Invoices', (request, reply) => {
    const books = booksOf(request);
    return sendList<Invoice>(request, reply, {
      collection: 'Invoices',
      now: context.clock.now(),
      select: (query) => selectInvoices(books, query),
      view: (invoice) => (books.viewsOf(invoice).object ??= invoiceView(books, invoice, false)),
      text: (invoice, query) => listedText(books, invoice, query),
    });
  });

  server.put('/Invoices', (request, reply) =>
    writeElements(request, reply, recipe(request, context, 'create')),
  );
  server.post('/Invoices', (request, reply) =>
    writeElements(request, reply, recipe(request, context, 'upsert')),
  );

  server.post<WithId>('/Invoices/:id', (request, reply) => {
    const invoice = findInvoice(booksOf(request), request.params.id);
    if (!invoice) return sendNotFound(reply);
    const [fields] = elementsOf(request.body, 'Invoices') ?? [];
    request.body = { ...asFields(fields), InvoiceID: invoice.id };
    return writeElements(request, reply, recipe(request, context, 'upsert'));
  });
}

/** An invoice by its id or, as Xero also takes, the number of a sales invoice. */
export function findInvoice(books: Books, idOrNumber: string): Invoice | undefined {
  return books.invoices.get(idOrNumber) ?? books.invoiceByNumber('ACCREC', idOrNumber);
}

function recipe(
  request: FastifyRequest,
  context: AccountingContext,
  mode: 'create' | 'upsert',
): WriteRecipe<Invoice> {
  const books = booksOf(request);
  return {
    collection: 'Invoices',
    now: context.clock.now(),
    plan: (fields) => planInvoice(books, fields, mode),
    applied: (invoice, action, fields) => recordInvoice(request, context, invoice, action, fields),
    text: (invoice) => singleText(books, invoice),
  };
}

function recordInvoice(
  request: FastifyRequest,
  context: AccountingContext,
  invoice: Invoice,
  action: string,
  fields: Fields,
): void {
  context.ledger.record({
    vendor: 'xero',
    kind: 'invoice',
    action,
    account: booksOf(request).organisation.id,
    id: invoice.id,
    key: request.idempotencyKey ?? undefined,
    to: invoice.contact.id,
    body: JSON.stringify(fields),
  });
}

function selectInvoices(books: Books, query: ListQuery): readonly Invoice[] {
  const statuses = query.set('Statuses');
  const numbers = query.set('InvoiceNumbers');
  const { searchTerm } = query;
  const chosen = candidates(books, query);
  if (!statuses && !numbers && searchTerm === undefined) return chosen;
  return chosen.filter(
    (invoice) =>
      (!statuses || statuses.has(invoice.status.toLowerCase())) &&
      (!numbers || numbers.has(invoice.number.toLowerCase())) &&
      (searchTerm === undefined ||
        `${invoice.number} ${invoice.reference ?? ''}`.toLowerCase().includes(searchTerm)),
  );
}

/** The narrowest index that the query allows. */
function candidates(books: Books, query: ListQuery): readonly Invoice[] {
  const contacts = query.set('ContactIDs');
  const since = query.modifiedSince;
  let chosen: Invoice[];
  if (query.ids)
    chosen = [...query.ids].map((id) => books.invoices.get(id)).filter((invoice) => invoice !== undefined);
  else if (contacts) chosen = [...contacts].flatMap((id) => [...books.invoicesOfContact(id)]);
  else return since === undefined ? [...books.invoices.values()] : books.invoices.changedSince(since);
  return chosen.filter(
    (invoice) =>
      (since === undefined || invoice.updatedAt >= since) && (!contacts || contacts.has(invoice.contact.id)),
  );
}

function singleText(books: Books, invoice: Invoice): string {
  return (books.viewsOf(invoice).single ??= JSON.stringify(invoiceView(books, invoice, true)));
}

/** Lines only on pages; `summaryOnly` and unpaged lists go without. */
function listedText(books: Books, invoice: Invoice, query: ListQuery): string {
  if (!query.paged || query.summaryOnly) return JSON.stringify({ ...invoiceSummary(invoice), LineItems: [] });
  return (books.viewsOf(invoice).listed ??= JSON.stringify(invoiceView(books, invoice, false)));
}
