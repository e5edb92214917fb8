import { createHash, randomBytes } from 'node:crypto';
import type { OAuth2Auth, TokenSet, TokenSource } from '#libs/vendor-kit';
import { xero } from '#libs/vendors/xero';
import { type RunningSandbox, runtimeOf } from './sandbox.fixture.js';

const auth = xero.auth as OAuth2Auth;
const redirectUri = 'https://ledgerwire.example/connect/xero/callback';

/** An organisation of the double. */
export interface XeroOrganisation {
  readonly tenant: string;
  /** Tokens that may read and write everything, as an outside client of Xero has them. */
  outside(): Promise<{ readonly accessToken: string; readonly refreshToken: string }>;
}

/** Makes an organisation in an otherwise untouched world. */
export async function newOrganisation(
  sandbox: RunningSandbox,
  facts: { readonly contacts: number; readonly invoices: number },
): Promise<XeroOrganisation> {
  await sandbox.control('/reset', {});
  const organisation = { name: 'Contract Ltd', country: 'NZ', ...facts };
  const { accounts } = await sandbox.control<{ accounts: { accountId: string }[] }>(
    '/xero/organisations',
    organisation,
  );
  const tenant = accounts[0]?.accountId ?? '';
  return {
    tenant,
    outside: async () => {
      const { vendors } = await sandbox.control<RunningSandbox['clients']>('/clients');
      const found = vendors.xero.accounts.find(({ accountId }) => accountId === tenant);
      if (!found) throw new Error('the organisation is not connected');
      return found;
    },
  };
}

/** Where the double has Xero's servers. */
export function xeroServers(sandbox: RunningSandbox): Record<string, string> {
  return {
    api: `${sandbox.url}/xero`,
    identity: `${sandbox.url}/xero/identity`,
    login: `${sandbox.url}/xero/login`,
  };
}

/** Our client against the double, with whatever token is in force at each call. */
export function xeroRuntime(
  sandbox: RunningSandbox,
  tenant: string,
  accessToken: () => string | Promise<string>,
): ReturnType<typeof runtimeOf> {
  const tokens: TokenSource = {
    accessToken: async () => ({
      accessToken: await accessToken(),
      expiresAt: Number.MAX_SAFE_INTEGER,
      accountId: tenant,
    }),
    rejectAccessToken: () => undefined,
    credentials: () => Promise.reject(new Error('not used')),
    rejectCredentials: () => undefined,
  };
  return runtimeOf(xero, xeroServers(sandbox), tokens);
}

/** What a consent of the organisation's owner comes to: the tokens, and the state that came back. */
export async function consentOf(
  sandbox: RunningSandbox,
  runtime: ReturnType<typeof runtimeOf>,
  tenant: string,
  extraScopes: readonly string[] = [],
): Promise<{ readonly tokens: TokenSet; readonly state: string | null }> {
  const { clientId, clientSecret } = sandbox.clients.vendors.xero;
  const codeVerifier = randomBytes(32).toString('base64url');
  const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
  const baseUrls = xeroServers(sandbox);
  const asked = { baseUrls, clientId, redirectUri, state: 'the state', codeChallenge, extraScopes };
  const answer = await fetch(`${auth.authorizeUrl(asked)}&auto=1&organisation=${tenant}`, {
    redirect: 'manual',
  });
  const { searchParams: back } = new URL(answer.headers.get('location') ?? '');
  const call = runtime.authCall({ clientId, clientSecret });
  const grant = { code: back.get('code') ?? '', redirectUri, codeVerifier, callback: {} };
  return { tokens: await auth.exchange(call, grant), state: back.get('state') };
}
