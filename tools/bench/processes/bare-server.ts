import { createHmac, timingSafeEqual } from 'node:crypto';
import Fastify from 'fastify';
import { XERO_WEBHOOK_PATH } from '../webhooks.ts';
import { serve } from './worker.ts';

/**
 * The limit of `ingress`: a bare Fastify that verifies the same HMAC over the raw bytes and keeps nothing. What it does not
 * do, Ledgerwire cannot do for less.
 */
serve(async ({ webhookKey }: { readonly webhookKey: string }) => {
  const fastify = Fastify({ logger: false });
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  fastify.post(XERO_WEBHOOK_PATH, async (request, reply) => {
    const expected = createHmac('sha256', webhookKey)
      .update(request.body as Buffer)
      .digest();
    const given = Buffer.from(String(request.headers['x-xero-signature']), 'base64');
    const genuine = given.length === expected.length && timingSafeEqual(given, expected);
    return reply.code(genuine ? 200 : 401).send();
  });
  await fastify.listen({ host: '127.0.0.1', port: 0 });
  const [address] = fastify.addresses();
  const port = typeof address === 'object' ? address.port : 0;
  return { ready: { port }, handle: async () => null };
});
