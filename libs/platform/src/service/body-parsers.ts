import { parse as parseForm } from 'node:querystring';
import { RouteConfig } from '@nestjs/platform-fastify';
import { UnsupportedMediaTypeException } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';

type Done = (error: Error | null, body?: unknown) => void;

/** Route option that {@link RawBody} sets; plain Fastify routes set it as `config: { rawBody: true }`. */
interface RawBodyRoute {
  readonly rawBody?: boolean;
}

/**
 * The route gets its body as the Buffer that came over the wire, whatever its content type and however malformed: for
 * signatures over raw bytes. A request without a body gives `undefined` or an empty buffer. The size limit still holds (413).
 */
export const RawBody = (): MethodDecorator => RouteConfig({ rawBody: true } satisfies RawBodyRoute);

/**
 * Registers the parsers of JSON, form and other bodies in place of Nest's, which parse before a handler can look at the bytes.
 * Routes that did not ask for raw bodies get parsed ones; unknown content types are answered 415, malformed JSON 400.
 */
export function addBodyParsers(server: FastifyInstance): void {
  const parseJson = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();
  add(server, 'application/json', (request, body, done) => void parseJson(request, body.toString(), done));
  add(
    server,
    /^application\/[\w.+-]+\+json/,
    (request, body, done) => void parseJson(request, body.toString(), done),
  );
  add(server, 'application/x-www-form-urlencoded', (_request, body, done) => {
    done(null, parseForm(body.toString()));
  });
  add(server, '*', (_request, _body, done) => {
    done(new UnsupportedMediaTypeException());
  });
}

function add(
  server: FastifyInstance,
  contentType: string | RegExp,
  parse: (request: FastifyRequest, body: Buffer, done: Done) => void,
): void {
  server.addContentTypeParser(contentType, { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    const route = request.routeOptions.config as RawBodyRoute;
    if (route.rawBody === true) done(null, body);
    else parse(request, body, done);
  });
}
