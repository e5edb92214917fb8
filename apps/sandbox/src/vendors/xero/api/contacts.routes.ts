import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Books } from '../books/books.js';
import { planContact } from '../books/contact-rules.js';
import { asFields, listField, textField } from '../books/fields.js';
import type { ListQuery } from '../books/list-query.js';
import { contactSummary, contactView, groupView } from '../books/views.js';
import type { Contact, ContactGroup } from '../books/xero-types.js';
import { sendNotFound, sendRows, sendValidation } from './envelope.js';
import { sendList } from './lists.js';
import { elementsOf, writeElements, type WriteRecipe } from './write-elements.js';
import { type AccountingContext, booksOf } from './xero-context.js';

type WithId = { Params: { id: string } };
type WithMember = { Params: { id: string; contactId: string } };

/** `/Contacts` and `/ContactGroups`. */
export function addContactRoutes(server: FastifyInstance, context: AccountingContext): void {
  server.get<WithId>('/Contacts/:id', (request, reply) => {
    const books = booksOf(request);
    const contact = findContactByPath(books, request.params.id);
    if (!contact) return sendNotFound(reply);
    return sendRows(reply, context.clock.now(), 'Contacts', [
      JSON.stringify(contactView(books, contact, true)),
    ]);
  });

  server.get('/Contacts', (request, reply) => {
    const books = booksOf(request);
    return sendList<Contact>(request, reply, {
      collection: 'Contacts',
      now: context.clock.now(),
      select: (query) => selectContacts(books, query),
      view: (contact) => contactView(books, contact, false),
      text: (contact, query) =>
        JSON.stringify(query.summaryOnly ? contactSummary(contact) : contactView(books, contact, false)),
    });
  });

  server.put('/Contacts', (request, reply) =>
    writeElements(request, reply, recipe(request, context, 'create')),
  );
  server.post('/Contacts', (request, reply) =>
    writeElements(request, reply, recipe(request, context, 'upsert')),
  );

  server.post<WithId>('/Contacts/:id', (request, reply) => {
    const contact = findContactByPath(booksOf(request), request.params.id);
    if (!contact) return sendNotFound(reply);
    const [fields] = elementsOf(request.body, 'Contacts') ?? [];
    request.body = { ...asFields(fields), ContactID: contact.id };
    return writeElements(request, reply, recipe(request, context, 'upsert'));
  });

  addGroupRoutes(server, context);
}

function addGroupRoutes(server: FastifyInstance, context: AccountingContext): void {
  const send = (
    reply: Parameters<typeof sendRows>[0],
    groups: readonly ContactGroup[],
    withMembers: boolean,
  ) =>
    sendRows(
      reply,
      context.clock.now(),
      'ContactGroups',
      groups.map((group) => JSON.stringify(groupView(group, withMembers))),
    );

  server.get('/ContactGroups', (request, reply) => {
    const groups = [...booksOf(request).groups.values()].filter((group) => group.status === 'ACTIVE');
    return send(reply, groups, false);
  });

  server.get<WithId>('/ContactGroups/:id', (request, reply) => {
    const group = booksOf(request).groups.get(request.params.id);
    return group ? send(reply, [group], true) : sendNotFound(reply);
  });

  server.put('/ContactGroups', (request, reply) => {
    const books = booksOf(request);
    const [fields = {}] = elementsOf(request.body, 'ContactGroups') ?? [];
    const name = textField(fields, 'Name');
    if (!name)
      return sendValidation(reply, [{ ...fields, ValidationErrors: [{ Message: 'Name is required' }] }]);
    const group = addGroup(books, name);
    record(request, context, 'contact-group', 'create', group.id);
    return send(reply, [group], true);
  });

  server.put<WithId>('/ContactGroups/:id/Contacts', (request, reply) => {
    const books = booksOf(request);
    const group = books.groups.get(request.params.id);
    if (!group) return sendNotFound(reply);
    const contacts = listField(asFields(request.body) ?? {}, 'Contacts') ?? [];
    for (const fields of contacts) {
      const contact = books.contacts.get(textField(fields, 'ContactID') ?? '');
      if (contact && !group.members.has(contact)) join(books, contact, group, true);
    }
    record(request, context, 'contact-group', 'update', group.id);
    return send(reply, [group], true);
  });

  server.delete<WithMember>('/ContactGroups/:id/Contacts/:contactId', (request, reply) => {
    const books = booksOf(request);
    const group = books.groups.get(request.params.id);
    const contact = books.contacts.get(request.params.contactId);
    if (!group || !contact) return sendNotFound(reply);
    if (group.members.has(contact)) join(books, contact, group, false);
    record(request, context, 'contact-group', 'update', group.id);
    return reply.code(204).send();
  });
}

/** A contact shows its groups, so that joining and leaving change it; whether Xero tells of it by webhook is not documented, so we do. */
function join(books: Books, contact: Contact, group: ContactGroup, joins: boolean): void {
  books.changeContact(contact, () => {
    if (joins) group.members.add(contact);
    else group.members.delete(contact);
  });
}

/** Adds an empty group. */
export function addGroup(books: Books, name: string): ContactGroup {
  const { ids, clock } = books.environment;
  const group: ContactGroup = {
    kind: 'group',
    id: ids.uuid(),
    updatedAt: clock.now(),
    name,
    status: 'ACTIVE',
    members: new Set(),
  };
  books.groups.insert(group);
  return group;
}

/** A contact by its id or its ContactNumber. */
export function findContactByPath(books: Books, idOrNumber: string): Contact | undefined {
  return books.contacts.get(idOrNumber) ?? books.contactByNumber(idOrNumber);
}

function recipe(
  request: FastifyRequest,
  context: AccountingContext,
  mode: 'create' | 'upsert',
): WriteRecipe<Contact> {
  const books = booksOf(request);
  return {
    collection: 'Contacts',
    now: context.clock.now(),
    plan: (fields) => planContact(books, fields, mode),
    applied: (contact, action, fields) =>
      record(request, context, 'contact', action, contact.id, JSON.stringify(fields)),
    text: (contact) => JSON.stringify(contactView(books, contact, true)),
  };
}

function record(
  request: FastifyRequest,
  context: AccountingContext,
  kind: string,
  action: string,
  id: string,
  body?: string,
): void {
  const account = booksOf(request).organisation.id;
  context.ledger.record({
    vendor: 'xero',
    kind,
    action,
    account,
    id,
    key: request.idempotencyKey ?? undefined,
    body,
  });
}

function selectContacts(books: Books, query: ListQuery): readonly Contact[] {
  const { ids, modifiedSince, includeArchived, searchTerm } = query;
  const all =
    modifiedSince === undefined ? [...books.contacts.values()] : books.contacts.changedSince(modifiedSince);
  return all.filter(
    (contact) =>
      (includeArchived || contact.status !== 'ARCHIVED') &&
      (!ids || ids.has(contact.id)) &&
      (searchTerm === undefined || searchText(contact).includes(searchTerm)),
  );
}

function searchText(contact: Contact): string {
  const { name, firstName, lastName, contactNumber, emailAddress } = contact;
  return [name, firstName, lastName, contactNumber, emailAddress].join(' ').toLowerCase();
}
