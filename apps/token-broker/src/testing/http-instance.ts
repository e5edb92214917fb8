import { Module } from '@nestjs/common';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { OPERATOR_TOKEN, type RunningService, Secret, SERVICE_GRANTS, startService } from '#libs/platform';
import { ConnectController } from '../connect/connect.controller.js';
import { ConnectionsController } from '../connections/connections.controller.js';
import { CONNECT_LINK_POLICY, PUBLIC_BASE_URL } from '../injection-tokens.js';
import { InternalController, permissions } from '../internal/internal.controller.js';
import { TokenBroker } from '../token-broker.js';
import type { Instance, World } from './broker-instance.js';

@Module({})
class HttpModule {}

export const operatorToken = 'operator-token-of-the-test';

/** Tokens of the services, by service. */
export const serviceTokens = {
  fetcher: 'fetcher-token-of-the-test',
  ingress: 'ingress-token-of-the-test',
  'twilio-sender': 'sender-token-of-the-test',
} as const;

const grants = [
  { service: 'fetcher', permissions: [permissions.accessTokens] },
  { service: 'ingress', permissions: [permissions.verificationKeys] },
  { service: 'twilio-sender', permissions: [permissions.credentials] },
] as const;

/** An instance behind its real controllers and guards, without a Kafka. */
export async function serveInstance(
  { broker }: Instance,
  world: World,
  policy: 'signed' | 'open' = 'open',
): Promise<RunningService<unknown>> {
  const service = await startService(
    {
      name: 'token-broker',
      config: z.object({}),
      module: () => ({
        module: HttpModule,
        controllers: [ConnectController, ConnectionsController, InternalController],
        providers: [
          { provide: TokenBroker, useValue: broker },
          { provide: PUBLIC_BASE_URL, useValue: 'http://localhost:8080' },
          { provide: CONNECT_LINK_POLICY, useValue: policy },
          { provide: OPERATOR_TOKEN, useValue: new Secret(operatorToken) },
          {
            provide: SERVICE_GRANTS,
            useValue: grants.map((grant) => ({ ...grant, token: new Secret(serviceTokens[grant.service]) })),
          },
        ],
      }),
    },
    {
      environment: { PORT: '0', LOG_LEVEL: 'trace' },
      logDestination: { write: (line: string) => void world.log.push(line) },
    },
  );
  onTestFinished(async () => void (await service.stop('test over')));
  return service;
}

/** What a test sends. */
export interface HttpCall {
  readonly method?: string;
  readonly token?: string;
  readonly body?: unknown;
  readonly cookie?: string;
}

/** What came back; redirects are not followed. */
export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

/** One request to a served instance. */
export async function call(
  { url }: RunningService<unknown>,
  path: string,
  { method, token, body, cookie }: HttpCall = {},
): Promise<HttpAnswer> {
  const response = await fetch(url + path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    redirect: 'manual',
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(cookie === undefined ? {} : { cookie }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}
