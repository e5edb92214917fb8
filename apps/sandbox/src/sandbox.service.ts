import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ServiceDefinition } from '#libs/platform';
import { addBodyParsers, MAX_BODY_BYTES } from './kit/bodies.js';
import { Origin } from './kit/origin.js';
import type { VendorDouble } from './kit/vendor-double.js';
import { sandboxConfig } from './sandbox.config.js';
import { SandboxModule } from './sandbox.module.js';
import { VENDOR_DOUBLES } from './vendors/index.js';

/**
 * The sandbox as a service: Nest for its own API, and the vendors' protocols as plain Fastify routes beside it, because
 * their bodies, errors and broken answers are not Nest's and their hot ways must stay lean.
 */
export const sandboxService: ServiceDefinition<typeof sandboxConfig> = {
  name: 'sandbox',
  config: sandboxConfig,
  // Traces of callers end here: to a caller the sandbox is a vendor.
  traceRequests: false,
  server: () => ({
    bodyLimit: MAX_BODY_BYTES,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 500 },
  }),
  module: ({ config, clock, logger }) =>
    SandboxModule.register({
      kit: { seed: config.seed, publicUrl: config.http.publicBaseUrl, clock },
      ingressUrl: config.ingressUrl,
      logger,
    }),
  prepare: (app, { config, lifecycle }) => {
    mountVendors(app, config.http.host);
    // An answer that a fault withholds must not keep the process from ending; no caller is promised a graceful vendor.
    const { server }: FastifyInstance = app.getHttpAdapter().getInstance();
    lifecycle.onShutdown('stop-intake', 'withheld answers', () => server.closeAllConnections());
  },
};

function mountVendors(app: NestFastifyApplication, host: string): void {
  const server: FastifyInstance = app.getHttpAdapter().getInstance();
  addBodyParsers(server);
  server.decorateRequest('sandboxFault', null);
  for (const double of app.get<readonly VendorDouble[]>(VENDOR_DOUBLES)) double.mount(server);
  server.addHook('onListen', (done) => {
    app.get(Origin).listensOn(host, (server.server.address() as AddressInfo).port);
    done();
  });
}
