import { createHash, randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import {
  type AuthCall,
  type BaseUrls,
  type ListedEntity,
  type OAuth2Auth,
  type TokenSet,
  type TokenSource,
  type VendorCall,
  type VendorSource,
} from '#libs/vendor-kit';
import { zohoBooks } from '#libs/vendors/zoho-books';
import { connectionTo, type RunningSandbox, runtimeOf, startSandbox } from './sandbox.fixture.js';

interface Account {
  readonly accountId: string;
  readonly accessToken: string;
  readonly region: string;
  readonly apiBaseUrl: string;
}
interface Clients {
  readonly servers: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly vendors: {
    readonly 'zoho-books': { clientId: string; clientSecret: string; accounts: readonly Account[] };
  };
}

export const source = zohoBooks.source as VendorSource;
export const auth = zohoBooks.auth as OAuth2Auth;
export const redirectUri = 'https://ledgerwire.example/connect/zoho-books/callback';
/** What a test works with; made anew for each by {@link useZohoSandbox}. */
export const zoho = {} as {
  sandbox: RunningSandbox;
  clients: Clients;
  runtime: ReturnType<typeof runtimeOf>;
  /** A European organisation of this test alone. */
  account: Account;
};

/** Starts the sandbox for a spec, and gives every test an organisation of its own. */
export function useZohoSandbox(): void {
  beforeAll(async () => {
    zoho.sandbox = await startSandbox();
  }, 30_000);
  afterAll(() => zoho.sandbox.stop());

  beforeEach(async () => {
    await zoho.sandbox.control('/reset', {});
    zoho.clients = await zoho.sandbox.control<Clients>('/clients');
    const added = await zoho.sandbox.control<{ account: Account }>('/zoho-books/organisations', {
      name: 'Contract GmbH',
      region: 'eu',
      plan: 'STANDARD',
      timeZone: 'Europe/Berlin',
      currencyCode: 'EUR',
      countryCode: 'DE',
    });
    zoho.account = added.account;
    zoho.runtime = runtimeOf(zohoBooks, baseUrls(), tokenSource());
  });
  afterEach(() => zoho.runtime.close());
}

export function baseUrls(): BaseUrls {
  const paths = Object.entries(zoho.clients.servers['zoho-books'] ?? {});
  return Object.fromEntries(paths.map(([key, path]) => [key, zoho.sandbox.url + path]));
}

export function tokenSource(): TokenSource {
  return {
    accessToken: () =>
      Promise.resolve({
        accessToken: zoho.account.accessToken,
        expiresAt: Number.MAX_SAFE_INTEGER,
        accountId: zoho.account.accountId,
      }),
    rejectAccessToken: () => undefined,
    credentials: () => Promise.reject(new Error('not used')),
    rejectCredentials: () => undefined,
  };
}

export function call(settings: Record<string, string> = {}): VendorCall {
  return zoho.runtime.callFor(
    connectionTo('zoho-books', zoho.account.accountId, { region: zoho.account.region, ...settings }),
  );
}

export function authCall(settings: Readonly<Record<string, string>> = {}): AuthCall {
  const { clientId, clientSecret } = zoho.clients.vendors['zoho-books'];
  const made = zoho.runtime.authCall({ clientId, clientSecret });
  return { ...made, baseUrls: zohoBooks.manifest.baseUrlsFor?.(settings, made.baseUrls) ?? made.baseUrls };
}

/** Changes the books as any client of Zoho's API would. */
export async function write<T>(method: string, path: string, body: object = {}): Promise<T> {
  const response = await fetch(
    `${zoho.account.apiBaseUrl}/books/v3/${path}?organization_id=${zoho.account.accountId}`,
    {
      method,
      headers: {
        authorization: `Zoho-oauthtoken ${zoho.account.accessToken}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    },
  );
  const answer = (await response.json()) as { code: number; message: string };
  expect(answer).toMatchObject({ code: 0 });
  return answer as T;
}

export async function addContact(fields: object = {}): Promise<string> {
  const { contact } = await write<{ contact: { contact_id: string } }>('POST', 'contacts', {
    contact_name: 'Ada',
    contact_persons: [{ first_name: 'Ada', mobile: '+491701234567', is_primary_contact: true }],
    ...fields,
  });
  return contact.contact_id;
}

export async function addInvoice(customerId: string, rate = 100): Promise<string> {
  const { invoice } = await write<{ invoice: { invoice_id: string } }>('POST', 'invoices', {
    customer_id: customerId,
    due_date: '2099-01-31',
    line_items: [{ name: 'Work', rate, quantity: 1 }],
  });
  return invoice.invoice_id;
}

export async function pollAll(
  entityType: string,
  from: string,
): Promise<{ listed: ListedEntity[]; next: string }> {
  const listed: ListedEntity[] = [];
  for (let position = from; ;) {
    const page = await source.poll(call(), entityType, position);
    listed.push(...(page.listed ?? []));
    if (page.done) return { listed, next: page.next };
    position = page.next;
  }
}

/** Signs the owner of the organisation in, and takes what the consent page sends the browser back with. */
export async function consent(): Promise<{
  code: string;
  codeVerifier: string;
  callback: Record<string, string>;
}> {
  const codeVerifier = randomBytes(32).toString('base64url');
  const url = auth.authorizeUrl({
    baseUrls: baseUrls(),
    clientId: zoho.clients.vendors['zoho-books'].clientId,
    redirectUri,
    state: 'the state',
    codeChallenge: createHash('sha256').update(codeVerifier).digest('base64url'),
  });
  const answer = await fetch(`${url}&auto=1&organisation=${zoho.account.accountId}`, { redirect: 'manual' });
  const { code = '', ...callback } = Object.fromEntries(
    new URL(answer.headers.get('location') ?? '').searchParams,
  );
  return { code, codeVerifier, callback };
}

export async function signIn(): Promise<TokenSet> {
  return auth.exchange(authCall(), { ...(await consent()), redirectUri });
}
