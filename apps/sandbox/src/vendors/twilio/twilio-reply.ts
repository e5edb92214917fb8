import type { FastifyReply } from 'fastify';
import { problemOf } from './messages/error-table.js';

const JSON_TYPE = 'application/json;charset=utf-8';

/** The JSON text of an error, as every Twilio API but the e-mail one writes it. */
export function problemText(code: number, status = problemOf(code).status, detail?: string): string {
  const { message } = problemOf(code);
  return JSON.stringify({
    code,
    message: detail === undefined ? message : `${message}: ${detail}`,
    more_info: `https://www.twilio.com/docs/errors/${String(code)}`,
    status,
  });
}

/** Answers with an error of the table. */
export function sendTwilioProblem(reply: FastifyReply, code: number, detail?: string): FastifyReply {
  const { status } = problemOf(code);
  return reply
    .code(status)
    .header('content-type', JSON_TYPE)
    .send(problemText(code, status, detail));
}

/** Answers with a JSON object. */
export function sendJson(reply: FastifyReply, status: number, view: unknown): FastifyReply {
  return reply.code(status).header('content-type', JSON_TYPE).send(JSON.stringify(view));
}
