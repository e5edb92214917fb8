import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { LedgerwireError } from '#libs/core';
import type { ServiceDefinition } from '#libs/platform';
import { serverOptions } from './http/server-options.js';
import { registerRequeueRoute } from './http/requeue-route.js';
import { registerWebhookRoutes } from './http/webhook-routes.js';
import { ingressConfig } from './ingress.config.js';
import { IngressMetrics } from './ingress.metrics.js';
import { type IngressContext, IngressModule } from './ingress.module.js';
import { WebhookIntake } from './intake/webhook-intake.js';
import { webhookVendors } from './webhook-vendors.js';

/** How often connections are looked through for slow uploads. */
const UPLOAD_CHECK_MS = 1_000;

/** Ingress as it runs; `main.ts` starts it, and tests start it in their own process. */
export const ingressService: ServiceDefinition<typeof ingressConfig> = {
  name: 'ingress',
  config: ingressConfig,
  module: (context) => IngressModule.forContext(context),
  prepare: (app, context) => prepareRoutes(app, context),
  server: (config) =>
    serverOptions({ uploadTimeoutMs: config.intake.uploadTimeoutMs, checkIntervalMs: UPLOAD_CHECK_MS }),
  // Each webhook begins a trace of its own.
  traceRequests: false,
};

async function prepareRoutes(app: NestFastifyApplication, { config, clock }: IngressContext): Promise<void> {
  const { publicBaseUrl } = config.http;
  if (publicBaseUrl === undefined) {
    throw new LedgerwireError(
      'PUBLIC_BASE_URL is not set: vendors sign the URL that they call, so that ingress must know it (scheme, host, port)',
      { code: 'config-invalid', disposition: 'halt' },
    );
  }
  const fastify = app.getHttpAdapter().getInstance();
  const intake = app.get(WebhookIntake);
  await registerWebhookRoutes(fastify, intake, app.get(IngressMetrics), {
    publicBaseUrl,
    clock,
    vendors: webhookVendors,
  });
  registerRequeueRoute(fastify, intake, { token: config.intake.requeueToken, vendors: webhookVendors });
}
