import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Connection } from '#libs/contracts';
import { systemClock } from '#libs/core';
import { startService } from '#libs/platform';
import {
  type BaseUrls,
  noVendorMetrics,
  plainConnection,
  type TokenSource,
  UndiciTransport,
  type VendorDefinition,
  VendorRuntime,
  type VendorWebhooks,
  type WebhookVerdict,
  webhookRoot,
} from '#libs/vendor-kit';
import { sandboxService } from '../../apps/sandbox/src/sandbox.service.js';

/** What `GET /__sandbox/clients` says, as far as the specs use it. */
export interface SandboxClients {
  readonly vendors: {
    readonly xero: {
      readonly clientId: string;
      readonly clientSecret: string;
      readonly webhookKey: string;
      readonly accounts: readonly {
        readonly accountId: string;
        readonly accessToken: string;
        readonly refreshToken: string;
      }[];
    };
  };
  readonly twilio: {
    readonly accountSid: string;
    readonly authToken: string;
    readonly apiKeySid: string;
    readonly apiKeySecret: string;
    readonly messagingServiceSid: string;
    readonly numbers: readonly string[];
  };
}

/** The sandbox in this process, with its control API. */
export interface RunningSandbox {
  readonly url: string;
  readonly clients: SandboxClients;
  control<T>(path: string, body?: object): Promise<T>;
  stop(): Promise<void>;
}

/** Starts the sandbox on a free port. */
export async function startSandbox(): Promise<RunningSandbox> {
  const service = await startService(sandboxService, { environment: { PORT: '0', LOG_LEVEL: 'error' } });
  const control = async <T>(path: string, body?: object): Promise<T> => {
    const response = await fetch(`${service.url}/__sandbox${path}`, {
      method: body ? 'POST' : 'GET',
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  };
  return {
    url: service.url,
    clients: await control<SandboxClients>('/clients'),
    control,
    stop: async () => void (await service.stop('spec ended')),
  };
}

/** A connection of a vendor's account. */
export function connectionTo(
  vendor: string,
  accountId: string,
  settings: Readonly<Record<string, string>> = {},
): Connection {
  return plainConnection(vendor, accountId, { connectionId: `${vendor}-1`, settings });
}

/** A runtime on real sockets. */
export function runtimeOf(
  vendor: VendorDefinition,
  baseUrls: BaseUrls,
  tokens: TokenSource,
): VendorRuntime & { close(): Promise<void> } {
  const transport = new UndiciTransport({ totalTimeoutMs: 2000 });
  const clock = systemClock;
  const runtime = new VendorRuntime({ vendor, baseUrls, transport, tokens, clock, metrics: noVendorMetrics });
  return Object.assign(runtime, {
    close: async () => {
      runtime.dispose();
      await transport.close();
    },
  });
}

/** A bare ingress: gives every webhook to the vendor's `receive` and keeps the verdicts. */
export interface WebhookSink {
  readonly url: string;
  readonly verdicts: WebhookVerdict[];
  close(): Promise<void>;
}

/** Starts a sink for one vendor. */
export async function startSink(
  webhooks: VendorWebhooks,
  secret: string,
  connection: { readonly accountId: string } | null,
): Promise<WebhookSink> {
  const verdicts: WebhookVerdict[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const verdict = await receive(request);
      if (verdict) verdicts.push(verdict);
      const answer = verdict?.response ?? { status: 404, headers: {}, body: '' };
      response.writeHead(answer.status, answer.headers).end(answer.body);
    })();
  });
  const receive = async (request: IncomingMessage): Promise<WebhookVerdict | undefined> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = (request.url ?? '').split('?')[0] ?? '';
    for (const route of webhooks.routes) {
      const params = matchRoute(webhookRoot + route.path, path);
      if (!params || request.method !== route.method) continue;
      const headers = request.headers as Record<string, string | undefined>;
      const publicUrl = url() + (request.url ?? '');
      const rawBody = Buffer.concat(chunks);
      return webhooks.receive(
        { route, method: route.method, publicUrl, params, headers, rawBody },
        [{ keyId: 'primary', secret }],
        connection,
      );
    }
    return undefined;
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url(),
    verdicts,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function matchRoute(pattern: string, path: string): Record<string, string> | undefined {
  const names = [...pattern.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  const match = new RegExp(`^${pattern.replaceAll(/:\w+/g, '([^/]+)')}$`).exec(path);
  return match
    ? Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(match[index + 1] ?? '')]))
    : undefined;
}
