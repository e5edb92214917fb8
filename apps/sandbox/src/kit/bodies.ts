import { parse as parseForm } from 'node:querystring';
import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** The body's text as it came, for hashes and idempotency. */
    rawText: string;
  }
}

/** The largest body any double takes; Xero's own bound. */
export const MAX_BODY_BYTES = 10 * 1024 * 1024;

/** Parses JSON and form bodies, keeps their text, and treats an empty JSON body as none. */
export function addBodyParsers(server: FastifyInstance): void {
  server.decorateRequest('rawText', '');
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (request, body, done) => {
      request.rawText = String(body);
      done(null, parseForm(request.rawText, '&', '=', { maxKeys: 1000 }));
    },
  );
  server.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
    request.rawText = String(body);
    done(null, undefined);
  });
  server.addContentTypeParser(/^application\/(.+\+)?json/, { parseAs: 'string' }, (request, body, done) => {
    request.rawText = String(body);
    if (request.rawText === '') {
      done(null, undefined);
      return;
    }
    try {
      done(null, JSON.parse(request.rawText));
    } catch {
      done(new MalformedBodyError());
    }
  });
}

/** The body is not the JSON that its content type announces. */
export class MalformedBodyError extends Error {
  override readonly name = 'MalformedBodyError';
  readonly statusCode = 400;

  constructor() {
    super('the body is not valid JSON');
  }
}
