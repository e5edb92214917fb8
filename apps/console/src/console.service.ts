import { StandardSchemaValidationPipe } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import type { ServiceDefinition } from '#libs/platform';
import { StreamsServer } from '#libs/streams';
import { serveOpenApi } from './api/openapi.js';
import { consoleConfig } from './console.config.js';
import { ConsoleModule } from './console.module.js';
import { serveAssets } from './web/assets.js';

/** Console as it runs; `main.ts` starts it, and tests start it in their own process. */
export const consoleService: ServiceDefinition<typeof consoleConfig> = {
  name: 'console',
  config: consoleConfig,
  module: (context) => ConsoleModule.forContext(context),
  strategies: (app) => [app.get(StreamsServer)],
  prepare: (app, { config }) => prepareHttp(app, config.http.publicBaseUrl),
};

/** Everything from this server and nothing else; no inline code or styles, so that what slips through escaping stays text. */
const PAGE_POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'"],
  connectSrc: ["'self'"],
  formAction: ["'self'"],
  baseUri: ["'none'"],
  frameAncestors: ["'none'"],
};

/** Swagger UI brings inline styles and images of its own; its scripts are files like ours. */
const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/** Validation, headers, static files and the API's document. @param publicBaseUrl under which browsers reach the console */
export function prepareHttp(app: NestFastifyApplication, publicBaseUrl: string | undefined): void {
  const https = publicBaseUrl?.startsWith('https://') ?? false;
  app.useGlobalPipes(new StandardSchemaValidationPipe());
  app.useSecurityHeaders({
    contentSecurityPolicy: { useDefaults: false, directives: PAGE_POLICY },
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: https,
    xFrameOptions: { action: 'deny' },
  });
  app.enableCsrfProtection(
    publicBaseUrl === undefined ? {} : { trustedOrigins: [new URL(publicBaseUrl).origin] },
  );
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    if (request.url === '/docs' || request.url.startsWith('/docs/'))
      void reply.header('content-security-policy', DOCS_POLICY);
    done();
  });
  serveAssets(fastify);
  serveOpenApi(app);
}
