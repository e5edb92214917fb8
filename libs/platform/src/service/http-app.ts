import type { Server } from 'node:http';
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyHttpOptions, FastifyInstance } from 'fastify';
import { NestLogger } from '../logging/nest-logger.js';
import { childOf, startTrace, traceFromHeaders } from '../trace/trace-context.js';
import { runInTrace } from '../trace/trace-scope.js';
import { addBodyParsers } from './body-parsers.js';
import { PlatformModule } from './platform.module.js';
import type { ServiceContext } from './service-context.js';

/** How the HTTP side of a service is set up. */
export interface HttpAppOptions {
  readonly bodyLimitBytes: number;
  /** Fastify's own options, over ours. */
  readonly server: Partial<FastifyHttpOptions<Server>>;
  /** Whether each request runs in a trace: its `traceparent`'s, else a new one. */
  readonly traceRequests: boolean;
}

/** A client that needs longer to send one request is cut off, so that slow senders cannot hold connections for ever. */
const REQUEST_TIMEOUT_MS = 30_000;

/** Longer than the 60 s of usual load balancers, so that the balancer and not we close idle connections. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;

/** Ids are the vendors'. Fastify answers 404 to one of more than 100 characters, for the sake of routes by patterns, which nobody has. */
const MAX_ID_LENGTH = 4_000;

@Module({})
class ServiceModule {}

/** Builds the Nest application of a service on Fastify, without listening. Requests are not logged. */
export async function createHttpApp(
  module: Type | DynamicModule,
  context: ServiceContext<unknown>,
  options: HttpAppOptions,
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: options.bodyLimitBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // No service has Express-like middleware, and its runner would look at each request.
    skipMiddie: true,
    routerOptions: { maxParamLength: MAX_ID_LENGTH },
    ...options.server,
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    { module: ServiceModule, imports: [PlatformModule.forContext(context), module] },
    adapter,
    {
      bodyParser: false,
      logger: new NestLogger(context.logger),
      abortOnError: false,
      return503OnClosing: true,
    },
  );
  const server: FastifyInstance = adapter.getInstance();
  addBodyParsers(server);
  if (options.traceRequests) addTraces(server);
  closeInOrder(adapter, server.server, app, context);
  return app;
}

/** After the body has been read, because its events come from outside the request's own asynchronous context. */
function addTraces(server: FastifyInstance): void {
  server.addHook('preValidation', (request, _reply, done) => {
    const caller = traceFromHeaders(request.headers);
    runInTrace(caller ? childOf(caller) : startTrace(), done);
  });
}

/**
 * First no new connection is accepted and requests on open ones are answered 503; then the requests in work finish; last
 * Nest runs its own hooks. Requests are counted rather than connections: one that a client holds open without sending
 * anything would keep the server from closing. What streams for ever (a live feed) must end itself at `stop-intake`.
 */
function closeInOrder(
  adapter: FastifyAdapter,
  server: Server,
  app: NestFastifyApplication,
  { lifecycle }: ServiceContext<unknown>,
): void {
  const requests = countRequests(server);
  lifecycle.onShutdown('stop-intake', 'http', () => {
    adapter.beforeClose();
    if (server.listening) server.close();
    server.closeIdleConnections();
  });
  lifecycle.onShutdown('drain', 'http', () => requests.finished());
  lifecycle.onShutdown('close', 'nest', async () => {
    server.closeAllConnections();
    await app.close();
  });
}

/** Knows when no request is in work; asked once, when stopping. */
function countRequests(server: Server): { finished(): Promise<void> } {
  let inWork = 0;
  const idle = Promise.withResolvers<void>();
  let stopping = false;
  // One function for all: a closure a request would cost ingress more than its metrics do.
  const ended = (): void => {
    inWork--;
    if (stopping && inWork === 0) idle.resolve();
  };
  server.on('request', (_request, response) => {
    inWork++;
    response.on('close', ended);
  });
  return {
    finished(): Promise<void> {
      stopping = true;
      if (inWork === 0) idle.resolve();
      return idle.promise;
    },
  };
}
