import type { FastifyInstance } from 'fastify';
import type { Books } from '../books/books.js';
import { asFields, listField, textField } from '../books/fields.js';
import { accountView, noteView, organisationView, trackingView } from '../books/views.js';
import type { Account, TrackingCategory } from '../books/xero-types.js';
import { findContactByPath } from './contacts.routes.js';
import { sendNotFound, sendRows, sendValidation } from './envelope.js';
import { findInvoice } from './invoices.routes.js';
import { sendList } from './lists.js';
import { elementsOf } from './write-elements.js';
import { type AccountingContext, booksOf } from './xero-context.js';

type WithId = { Params: { id: string } };
const MAX_NOTE_LENGTH = 2500;
const MAX_ACTIVE_CATEGORIES = 2;

/** Organisation, accounts, tracking categories, and the history notes of invoices, contacts and payments. */
export function addSettingsRoutes(server: FastifyInstance, context: AccountingContext): void {
  const now = (): number => context.clock.now();

  server.get('/Organisation', (request, reply) =>
    sendRows(reply, now(), 'Organisations', [
      JSON.stringify(organisationView(booksOf(request).organisation)),
    ]),
  );

  server.get('/Accounts', (request, reply) => {
    const { accounts } = booksOf(request);
    return sendList<Account>(request, reply, {
      collection: 'Accounts',
      now: now(),
      select: ({ modifiedSince = 0 }) => accounts.filter(({ updatedAt }) => updatedAt >= modifiedSince),
      view: accountView,
      text: (account) => JSON.stringify(accountView(account)),
    });
  });

  server.get<WithId>('/Accounts/:id', (request, reply) => {
    const account = booksOf(request).accounts.find(({ id }) => id === request.params.id.toLowerCase());
    return account
      ? sendRows(reply, now(), 'Accounts', [JSON.stringify(accountView(account))])
      : sendNotFound(reply);
  });

  addTrackingRoutes(server, context);
  addHistory(server, context, 'Invoices', (books, id) => findInvoice(books, id)?.id);
  addHistory(server, context, 'Contacts', (books, id) => findContactByPath(books, id)?.id);
  addHistory(server, context, 'Payments', (books, id) => books.payments.get(id)?.id);
}

function addTrackingRoutes(server: FastifyInstance, context: AccountingContext): void {
  const now = (): number => context.clock.now();
  const text = (category: TrackingCategory): string => JSON.stringify(trackingView(category));

  server.get('/TrackingCategories', (request, reply) => {
    const includeArchived = (request.query as { includeArchived?: string }).includeArchived === 'true';
    const categories = booksOf(request).tracking.filter(
      ({ status }) => includeArchived || status === 'ACTIVE',
    );
    return sendRows(reply, now(), 'TrackingCategories', categories.map(text));
  });

  server.get<WithId>('/TrackingCategories/:id', (request, reply) => {
    const category = booksOf(request).tracking.find(({ id }) => id === request.params.id.toLowerCase());
    return category ? sendRows(reply, now(), 'TrackingCategories', [text(category)]) : sendNotFound(reply);
  });

  server.put('/TrackingCategories', (request, reply) => {
    const books = booksOf(request);
    const [fields = {}] = elementsOf(request.body, 'TrackingCategories') ?? [];
    const name = textField(fields, 'Name') ?? '';
    const active = books.tracking.filter(({ status }) => status === 'ACTIVE').length;
    const problem =
      name === ''
        ? 'Name is required'
        : active >= MAX_ACTIVE_CATEGORIES
          ? 'Only two active tracking categories are allowed'
          : undefined;
    if (problem !== undefined)
      return sendValidation(reply, [{ ...fields, ValidationErrors: [{ Message: problem }] }]);
    const category = addTracking(books, name, []);
    return sendRows(reply, now(), 'TrackingCategories', [text(category)]);
  });

  server.put<WithId>('/TrackingCategories/:id/Options', (request, reply) => {
    const books = booksOf(request);
    const category = books.tracking.find(({ id }) => id === request.params.id.toLowerCase());
    if (!category) return sendNotFound(reply);
    for (const fields of elementsOf(request.body, 'Options') ?? []) {
      const name = textField(fields, 'Name');
      if (name) category.options.push({ id: books.environment.ids.uuid(), name, status: 'ACTIVE' });
    }
    const options = trackingView(category)['Options'] as unknown[];
    return sendRows(
      reply,
      now(),
      'Options',
      options.map((option) => JSON.stringify(option)),
    );
  });
}

/** Adds a tracking category with its options. */
export function addTracking(books: Books, name: string, options: readonly string[]): TrackingCategory {
  const { ids } = books.environment;
  const category: TrackingCategory = {
    id: ids.uuid(),
    name,
    status: 'ACTIVE',
    options: options.map((option) => ({ id: ids.uuid(), name: option, status: 'ACTIVE' })),
  };
  books.tracking.push(category);
  return category;
}

function addHistory(
  server: FastifyInstance,
  context: AccountingContext,
  collection: string,
  find: (books: Books, id: string) => string | undefined,
): void {
  const path = `/${collection}/:id/History`;

  server.get<WithId>(path, (request, reply) => {
    const books = booksOf(request);
    const id = find(books, request.params.id);
    if (id === undefined) return sendNotFound(reply);
    const notes = books.notesOf(id).map((note) => JSON.stringify(noteView(note)));
    return sendRows(reply, context.clock.now(), 'HistoryRecords', notes);
  });

  server.put<WithId>(path, (request, reply) => {
    const books = booksOf(request);
    const id = find(books, request.params.id);
    if (id === undefined) return sendNotFound(reply);
    const records = listField(asFields(request.body) ?? {}, 'HistoryRecords') ?? [];
    const details = records.map((fields) => textField(fields, 'Details') ?? '');
    if (details.length === 0 || details.some((text) => text === '' || text.length > MAX_NOTE_LENGTH)) {
      const message = `Details must have 1 to ${String(MAX_NOTE_LENGTH)} characters`;
      return sendValidation(reply, [{ ValidationErrors: [{ Message: message }] }]);
    }
    const notes = details.map((text) => books.note(id, 'Note', text));
    const account = books.organisation.id;
    const key = request.idempotencyKey ?? undefined;
    for (const { details: body } of notes)
      context.ledger.record({
        vendor: 'xero',
        kind: 'history-note',
        action: 'create',
        account,
        id,
        key,
        body,
      });
    return sendRows(
      reply,
      context.clock.now(),
      'HistoryRecords',
      notes.map((note) => JSON.stringify(noteView(note))),
    );
  });
}
