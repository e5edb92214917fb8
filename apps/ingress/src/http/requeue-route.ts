import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { bearerTokenOf, parseTraceparent, sameToken, type Secret } from '#libs/platform';
import {
  requeuePath,
  requeueQuestion,
  type RequeueQuestion,
  routeOf,
  type VendorWebhooks,
} from '#libs/vendor-kit';
import type { TraceStart } from '../intake/trace-ids.js';
import { endpointOf } from '../intake/endpoint.js';
import { UNAVAILABLE, type WebhookIntake } from '../intake/webhook-intake.js';

/** Who may use the route, and for whose webhooks. */
export interface RequeueRouteOptions {
  /** Without one nobody may. */
  readonly token: Secret | undefined;
  readonly vendors: readonly { readonly id: string; readonly webhooks: VendorWebhooks }[];
}

/** A body in base64, with room for its headers. */
const BASE64_GROWTH = 1.5;
const HEADER_BYTES = 65_536;

/** Registers where console hands in again what was set aside (`requeue-protocol.ts` of vendor-kit). */
export function registerRequeueRoute(
  fastify: FastifyInstance,
  intake: WebhookIntake,
  options: RequeueRouteOptions,
): void {
  const largest = Math.max(...options.vendors.map(({ webhooks }) => webhooks.maxBodyBytes));
  fastify.route({
    method: 'POST',
    url: requeuePath,
    bodyLimit: Math.ceil(largest * BASE64_GROWTH) + HEADER_BYTES,
    // Before the body is read: it may be large.
    onRequest: async (request, reply) => {
      if (!isAllowed(request, options.token))
        await reply.code(401).header('www-authenticate', 'Bearer').send();
    },
    handler: (request, reply) => takeAgain(intake, options, request, reply),
  });
}

async function takeAgain(
  intake: WebhookIntake,
  { vendors }: RequeueRouteOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const question = requeueQuestion.safeParse(request.body);
  if (!question.success) return reply.code(400).send({ message: 'This is no webhook that was set aside.' });
  const { vendor, method, url } = question.data;
  const webhooks = vendors.find(({ id }) => id === vendor)?.webhooks;
  const found = webhooks && routeOf(webhooks.routes, method, url);
  if (!found) return reply.send(nowhere(question.data));
  const { headers, body, receivedAt, traceparent } = question.data;
  const webhook = {
    ...found,
    method,
    publicUrl: url,
    headers,
    rawBody: Buffer.from(body, 'base64'),
    receivedAt,
  };
  const answer = await intake.takeAgain(endpointOf(vendor, webhooks), webhook, traceOf(traceparent));
  return answer ? reply.send(answer) : reply.code(UNAVAILABLE.status).headers(UNAVAILABLE.headers).send();
}

function isAllowed(request: FastifyRequest, token: Secret | undefined): boolean {
  const given = bearerTokenOf(request);
  return given !== undefined && token !== undefined && sameToken(given, token);
}

function nowhere({ vendor }: RequeueQuestion): { taken: false; problem: string; workspaceIds: string[] } {
  return { taken: false, problem: `This build has no such webhook of ${vendor}.`, workspaceIds: [] };
}

function traceOf(traceparent: string | null): TraceStart | undefined {
  const context = traceparent === null ? undefined : parseTraceparent(traceparent);
  return context && traceparent !== null ? { traceId: context.traceId, traceparent } : undefined;
}
