import type { FastifyInstance } from 'fastify';

/** Mounts routes below a prefix in a Fastify scope of their own: hooks and handlers set there stay there. */
export function mountAt(
  server: FastifyInstance,
  prefix: string,
  mount: (scope: FastifyInstance) => void,
): void {
  server.register(
    (scope, _options, done) => {
      mount(scope);
      done();
    },
    { prefix },
  );
}
