import type { FastifyReply } from 'fastify';
import type { FieldError } from '../books/entity.js';

const NOT_FOUND = new Set([1011, 1012]);
const DENIED = new Set([1003, 1038]);

/** The accounting family's error body. */
export function sendFieldError(reply: FastifyReply, error: FieldError): FastifyReply {
  const status = NOT_FOUND.has(error.errno) ? 404 : DENIED.has(error.errno) ? 403 : 422;
  return reply.code(status).send({ response: { errors: [error] } });
}

/** 403 with errno 1003: a scope, a role or another account. */
export function sendDenied(reply: FastifyReply, object: string): FastifyReply {
  const message = `The server could not verify that you are authorized to access ${object}.`;
  return sendFieldError(reply, { errno: 1003, field: '', message, object, value: '' });
}

/** The auth family's error body; accounting uses it for tokens that it refuses, too. */
export function sendAuthError(
  reply: FastifyReply,
  status: number,
  error: string,
  description: string,
): FastifyReply {
  return reply.code(status).send({ error, error_description: description });
}

/** The callbacks family's error body. */
export function sendViolation(
  reply: FastifyReply,
  status: number,
  field: string,
  description: string,
): FastifyReply {
  const details = [
    { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field, description }] },
  ];
  return reply.code(status).send({ code: 3, message: 'Request failed with validation errors.', details });
}
