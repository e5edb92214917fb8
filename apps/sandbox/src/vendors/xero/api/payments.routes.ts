import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Books } from '../books/books.js';
import { elementsOf, writeElements, type WriteRecipe } from './write-elements.js';
import type { ListQuery } from '../books/list-query.js';
import { planPayment, planPaymentRemoval } from '../books/payment-rules.js';
import { paymentView } from '../books/views.js';
import type { Payment } from '../books/xero-types.js';
import { sendNotFound, sendRows } from './envelope.js';
import { sendList } from './lists.js';
import { type AccountingContext, booksOf } from './xero-context.js';

type WithId = { Params: { id: string } };

/** `/Payments`: one, lists, create (PUT many, POST one), delete by POST with Status DELETED. */
export function addPaymentRoutes(server: FastifyInstance, context: AccountingContext): void {
  server.get<WithId>('/Payments/:id', (request, reply) => {
    const payment = booksOf(request).payments.get(request.params.id);
    return payment
      ? sendRows(reply, context.clock.now(), 'Payments', [paymentText(payment)])
      : sendNotFound(reply);
  });

  server.get('/Payments', (request, reply) => {
    const books = booksOf(request);
    return sendList<Payment>(request, reply, {
      collection: 'Payments',
      now: context.clock.now(),
      select: (query) => selectPayments(books, query),
      view: paymentView,
      text: paymentText,
    });
  });

  server.put('/Payments', (request, reply) => writeElements(request, reply, createRecipe(request, context)));
  server.post('/Payments', (request, reply) => writeElements(request, reply, createRecipe(request, context)));

  server.post<WithId>('/Payments/:id', (request, reply) => {
    const books = booksOf(request);
    const payment = books.payments.get(request.params.id);
    if (!payment) return sendNotFound(reply);
    request.body = elementsOf(request.body, 'Payments')?.[0] ?? {};
    const create = createRecipe(request, context);
    return writeElements(request, reply, {
      ...create,
      plan: (fields) => planPaymentRemoval(books, payment, fields),
    });
  });
}

function createRecipe(request: FastifyRequest, context: AccountingContext): WriteRecipe<Payment> {
  const books = booksOf(request);
  return {
    collection: 'Payments',
    now: context.clock.now(),
    plan: (fields) => planPayment(books, fields),
    applied: (payment, action, fields) => {
      context.ledger.record({
        vendor: 'xero',
        kind: 'payment',
        action: payment.status === 'DELETED' ? 'delete' : action,
        account: books.organisation.id,
        id: payment.id,
        key: request.idempotencyKey ?? undefined,
        to: payment.invoice.id,
        body: JSON.stringify(fields),
      });
    },
    text: paymentText,
  };
}

function selectPayments(books: Books, query: ListQuery): readonly Payment[] {
  const { modifiedSince, ids } = query;
  const all =
    modifiedSince === undefined ? [...books.payments.values()] : books.payments.changedSince(modifiedSince);
  return ids ? all.filter((payment) => ids.has(payment.id)) : all;
}

function paymentText(payment: Payment): string {
  return JSON.stringify(paymentView(payment));
}
