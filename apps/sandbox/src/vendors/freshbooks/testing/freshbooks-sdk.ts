import { Client } from '@freshbooks/api';

/** Where the SDK finds the sandbox. */
export interface SdkTarget {
  readonly apiBaseUrl: string;
  readonly authBaseUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** FreshBooks' redirect URIs are HTTPS; nobody listens there in tests. */
export const REDIRECT_URI = 'https://ledgerwire.example/connect/freshbooks/callback';

/** Says nothing; the SDK writes to the console otherwise. */
const silent = { debug() {}, info() {}, warn() {}, error() {} } as unknown as ConstructorParameters<
  typeof Client
>[2];

/** The official SDK, unchanged, with the base URLs of the sandbox (the authorise host comes from the environment only). */
export function connectSdk(
  target: SdkTarget,
  tokens: { accessToken?: string; refreshToken?: string } = {},
): Client {
  process.env['FRESHBOOKS_AUTH_URL'] = target.authBaseUrl;
  try {
    return new Client(
      target.clientId,
      {
        apiUrl: target.apiBaseUrl,
        clientSecret: target.clientSecret,
        redirectUri: REDIRECT_URI,
        retryOptions: { retries: 0 },
        ...tokens,
      },
      silent,
    );
  } finally {
    delete process.env['FRESHBOOKS_AUTH_URL'];
  }
}
