import { randomUUID } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import type { View } from '../books/views.js';

const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * Sends rows in Xero's envelope. The rows come as JSON texts, so that what was written once is not written again; this
 * is the hot way of `GET /Invoices`.
 */
export function sendRows(
  reply: FastifyReply,
  now: number,
  collection: string,
  rows: readonly string[],
  pagination?: View,
): FastifyReply {
  const paging = pagination ? `"pagination":${JSON.stringify(pagination)},` : '';
  const body = `{"Id":"${randomUUID()}","Status":"OK","ProviderName":"Ledgerwire (sandbox)","DateTimeUTC":"/Date(${String(now)})/",${paging}"${collection}":[${rows.join(',')}]}`;
  return reply.header('content-type', JSON_TYPE).send(body);
}

/** A problem of the gateway: 401 and 403, with Xero's capital keys. */
export function gatewayProblem(status: number, title: string, detail: string): string {
  return JSON.stringify({
    Type: null,
    Title: title,
    Status: status,
    Detail: detail,
    Instance: randomUUID(),
    Extensions: {},
  });
}

/** Answers with a {@link gatewayProblem}. */
export function sendProblem(reply: FastifyReply, status: 401 | 403, detail: string): FastifyReply {
  const title = status === 401 ? 'Unauthorized' : 'Forbidden';
  return reply
    .code(status)
    .header('content-type', JSON_TYPE)
    .send(gatewayProblem(status, title, detail));
}

/** 404 as the Accounting API writes it: plain text. */
export function sendNotFound(reply: FastifyReply): FastifyReply {
  return reply
    .code(404)
    .header('content-type', 'text/plain')
    .send("The resource you're looking for cannot be found");
}

/** 400 with a number, a type and a message. */
export function sendBadRequest(
  reply: FastifyReply,
  errorNumber: number,
  type: string,
  message: string,
): FastifyReply {
  const body = JSON.stringify({ ErrorNumber: errorNumber, Type: type, Message: message });
  return reply.code(400).header('content-type', JSON_TYPE).send(body);
}

/** 400 for elements that break a rule: each with what was sent and why it was refused. */
export function sendValidation(reply: FastifyReply, elements: readonly View[]): FastifyReply {
  const body = JSON.stringify({
    ErrorNumber: 10,
    Type: 'ValidationException',
    Message: 'A validation exception occurred',
    Elements: elements,
  });
  return reply.code(400).header('content-type', JSON_TYPE).send(body);
}
