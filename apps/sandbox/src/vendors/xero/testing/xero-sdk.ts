import { createRequire } from 'node:module';
import { type IXeroClientConfig, XeroClient } from 'xero-node';
import type { SandboxUnderTest, TestClients } from '../../../testing/sandbox-under-test.js';

/** Where the SDK's hard-coded origins are in the sandbox. */
const ORIGINS: readonly (readonly [string, string])[] = [
  ['https://identity.xero.com', '/xero/identity'],
  ['https://api.xero.com', '/xero'],
];

interface AxiosLike {
  readonly interceptors: {
    readonly request: {
      use(change: (config: { url?: string }) => { url?: string }): number;
      eject(id: number): void;
    };
  };
}
interface OpenIdClientLike {
  readonly Issuer: {
    discover(url: string): Promise<{ Client: new (metadata: object) => XeroClient['openIdClient'] }>;
  };
}

/** xero-node's own copies of its dependencies, so that nothing but base URLs differs from production use. */
const requireOfSdk = createRequire(createRequire(import.meta.url).resolve('xero-node'));

/** The official SDK, unchanged, with the base URLs of the sandbox. */
export class XeroSdk {
  private constructor(
    readonly client: XeroClient,
    private readonly release: () => void,
  ) {}

  static async connect(
    sandbox: SandboxUnderTest,
    { vendors }: TestClients,
    config: Partial<IXeroClientConfig> = {},
  ): Promise<XeroSdk> {
    const { apiBaseUrl, authBaseUrl, clientId, clientSecret } = vendors.xero;
    const redirectUris = ['http://localhost:9/callback'];
    const client = new XeroClient({ clientId, clientSecret, redirectUris, scopes: [], ...config });
    client.accountingApi.basePath = `${apiBaseUrl}/api.xro/2.0`;
    const { Issuer } = requireOfSdk('openid-client') as OpenIdClientLike;
    const issuer = await Issuer.discover(authBaseUrl);
    client.openIdClient = new issuer.Client({
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: redirectUris,
    });
    return new XeroSdk(client, redirectOrigins(sandbox.url));
  }

  /** Takes back what was changed in the SDK's HTTP client. */
  close(): void {
    this.release();
  }
}

/** `refreshWithRefreshToken`, `updateTenants` and `disconnect` name their hosts in the code. */
function redirectOrigins(sandboxUrl: string): () => void {
  const { interceptors } = requireOfSdk('axios') as AxiosLike;
  const id = interceptors.request.use((config) => {
    for (const [origin, prefix] of ORIGINS)
      if (config.url?.startsWith(origin)) config.url = sandboxUrl + prefix + config.url.slice(origin.length);
    return config;
  });
  return () => interceptors.request.eject(id);
}

/** What an API call of the SDK rejected with: it gives a JSON text of the answer. */
export async function rejectionOf(
  call: Promise<unknown>,
): Promise<{ status: number; body: Record<string, unknown>; headers: Record<string, string> }> {
  try {
    await call;
  } catch (error) {
    const { response } = JSON.parse(String(error)) as {
      response: { statusCode: number; body: Record<string, unknown>; headers: Record<string, string> };
    };
    return { status: response.statusCode, body: response.body, headers: response.headers };
  }
  throw new Error('the call succeeded');
}
