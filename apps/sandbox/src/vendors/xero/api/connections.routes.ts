import type { FastifyInstance } from 'fastify';
import type { AccountingContext } from './xero-context.js';
import { bearerOf } from './xero-context.js';
import { sendNotFound, sendProblem } from './envelope.js';

/** `/connections`: the tenants that the token's user connected, and disconnecting one. */
export function addConnectionRoutes(server: FastifyInstance, context: AccountingContext): void {
  const { grants, clock } = context;

  server.get<{ Querystring: { authEventId?: string } }>('/connections', (request, reply) => {
    const access = grants.accessToken(bearerOf(request.headers.authorization));
    if (!access || access.expiresAt <= clock.now())
      return sendProblem(reply, 401, 'AuthenticationUnsuccessful');
    const { authEventId } = request.query;
    const connections = [...grants.connections.values()].filter(
      (connection) =>
        connection.userId === access.grant.userId &&
        (authEventId === undefined || connection.authEventId === authEventId),
    );
    return reply.send(
      connections.map((connection) => ({
        id: connection.id,
        authEventId: connection.authEventId,
        tenantId: connection.tenantId,
        tenantType: 'ORGANISATION',
        tenantName: context.booksOf(connection.tenantId)?.organisation.name ?? '',
        createdDateUtc: sevenDigits(connection.createdAt),
        updatedDateUtc: sevenDigits(connection.updatedAt),
      })),
    );
  });

  server.delete<{ Params: { id: string } }>('/connections/:id', (request, reply) => {
    const access = grants.accessToken(bearerOf(request.headers.authorization));
    if (!access || access.expiresAt <= clock.now())
      return sendProblem(reply, 401, 'AuthenticationUnsuccessful');
    const connection = grants.connections.get(request.params.id);
    if (connection?.userId !== access.grant.userId) return sendNotFound(reply);
    grants.disconnect(connection.id);
    return reply.code(204).send();
  });
}

/** .NET's round-trip form without zone, as `/connections` shows instants. */
function sevenDigits(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, -1)}0000`;
}
