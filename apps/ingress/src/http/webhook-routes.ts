import type { Clock } from '#libs/core';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type VendorWebhooks, type WebhookResponse, type WebhookRoute, webhookRoot } from '#libs/vendor-kit';
import type { IngressMetrics } from '../ingress.metrics.js';
import { type Endpoint, endpointOf } from '../intake/endpoint.js';
import type { WebhookIntake } from '../intake/webhook-intake.js';

/** What the routes need besides the intake. */
export interface WebhookRoutesOptions {
  /** Scheme, host and port as vendors call it, without a trailing slash: part of what Twilio signs. */
  readonly publicBaseUrl: string;
  readonly clock: Clock;
  /** Vendors that have webhooks. */
  readonly vendors: readonly { readonly id: string; readonly webhooks: VendorWebhooks }[];
}

const EMPTY = Buffer.alloc(0);

/**
 * Registers every vendor's routes below `/webhooks/`, each vendor in a Fastify scope of its own: raw bytes instead of parsed
 * bodies, its own size limit, and answers without anything that a framework would add.
 */
export async function registerWebhookRoutes(
  fastify: FastifyInstance,
  intake: WebhookIntake,
  metrics: IngressMetrics,
  options: WebhookRoutesOptions,
): Promise<void> {
  for (const { id, webhooks } of options.vendors) {
    await fastify.register(async (scope) => {
      keepBodiesRaw(scope, webhooks.maxBodyBytes);
      scope.setErrorHandler((error: FastifyError, _request, reply) => refuse(id, metrics, error, reply));
      const endpoint = endpointOf(id, webhooks);
      for (const route of webhooks.routes) addRoute(scope, route, endpoint, intake, options);
    });
  }
}

function keepBodiesRaw(scope: FastifyInstance, maxBodyBytes: number): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: maxBodyBytes }, (_request, body, done) => {
    done(null, body);
  });
}

function addRoute(
  scope: FastifyInstance,
  route: WebhookRoute,
  endpoint: Endpoint,
  intake: WebhookIntake,
  { publicBaseUrl, clock }: WebhookRoutesOptions,
): void {
  scope.route({
    method: route.method,
    url: webhookRoot + route.path,
    exposeHeadRoute: false,
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      const response = await intake.receive(endpoint, {
        receivedAt: clock.now(),
        route,
        method: request.method,
        publicUrl: publicBaseUrl + (request.raw.url ?? ''),
        params: request.params as Readonly<Record<string, string>>,
        // Node joins repeated headers with ", "; only set-cookie, which no vendor sends, would be a list.
        headers: request.raw.headers as Readonly<Record<string, string | undefined>>,
        rawBody: Buffer.isBuffer(request.body) ? request.body : EMPTY,
      });
      return send(reply, response);
    },
  });
}

function send(reply: FastifyReply, response: WebhookResponse): FastifyReply {
  reply.code(response.status).headers(response.headers);
  return response.body === '' ? reply.send() : reply.send(response.body);
}

/** What HTTP itself refuses: 413 too large, 400 cut off or of another length than announced, 415 no content type at all. */
function refuse(vendor: string, metrics: IngressMetrics, error: FastifyError, reply: FastifyReply): void {
  metrics.count(vendor, 'refused-by-http');
  void reply.code(error.statusCode ?? 500).send();
}
