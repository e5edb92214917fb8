import type { BaseUrlDefinition, BaseUrls } from '#libs/vendor-kit';

/** One of Zoho's data centres. */
export interface Region {
  /** As in the callback's `location`, and as it stands in `Connection.settings.region`. */
  readonly id: string;
  /** Where its users sign in and tokens are given. */
  readonly accounts: string;
  /** Where its APIs are: the `api_domain` of its token answers. */
  readonly api: string;
  /** Country of its companies where the data centre is for one country; ISO 3166 alpha-2. */
  readonly country: string | null;
}

/**
 * The data centres of Zoho Books (zoho.com/books/api/v3/introduction, "Multiple data centers"; accounts servers of CN and SA from
 * other Zoho products' pages). Credentials go to these servers only, whatever an answer or a callback says.
 */
export const regions: readonly Region[] = [
  { id: 'us', accounts: 'https://accounts.zoho.com', api: 'https://www.zohoapis.com', country: null },
  { id: 'eu', accounts: 'https://accounts.zoho.eu', api: 'https://www.zohoapis.eu', country: null },
  { id: 'in', accounts: 'https://accounts.zoho.in', api: 'https://www.zohoapis.in', country: 'IN' },
  { id: 'au', accounts: 'https://accounts.zoho.com.au', api: 'https://www.zohoapis.com.au', country: 'AU' },
  { id: 'jp', accounts: 'https://accounts.zoho.jp', api: 'https://www.zohoapis.jp', country: 'JP' },
  { id: 'ca', accounts: 'https://accounts.zohocloud.ca', api: 'https://www.zohoapis.ca', country: 'CA' },
  { id: 'cn', accounts: 'https://accounts.zoho.com.cn', api: 'https://www.zohoapis.com.cn', country: 'CN' },
  { id: 'sa', accounts: 'https://accounts.zoho.sa', api: 'https://www.zohoapis.sa', country: 'SA' },
];

/** Companies are in this region when nothing says otherwise. */
export const DEFAULT_REGION = 'us';

/** Both servers of each region; each can be pointed elsewhere by itself. */
export const regionBaseUrls: readonly BaseUrlDefinition[] = regions.flatMap(({ id, accounts, api }) => [
  {
    key: `accounts-${id}`,
    environmentVariable: `LEDGERWIRE_ZOHO_BOOKS_ACCOUNTS_${id.toUpperCase()}_URL`,
    production: accounts,
  },
  {
    key: `api-${id}`,
    environmentVariable: `LEDGERWIRE_ZOHO_BOOKS_API_${id.toUpperCase()}_URL`,
    production: api,
  },
]);

/** The servers of a connection, as `accounts` and `api`, by its setting `region`. */
export function baseUrlsOfRegion(
  settings: Readonly<Record<string, string>>,
  baseUrls: BaseUrls,
): { readonly accounts: string; readonly api: string } {
  const region = regions.find(({ id }) => id === settings['region']) ?? regionOfId(DEFAULT_REGION);
  return {
    accounts: baseUrls[`accounts-${region.id}`] ?? region.accounts,
    api: baseUrls[`api-${region.id}`] ?? region.api,
  };
}

/** The region of an accounts server or API domain; undefined for a server that is none of Zoho's known ones. */
export function regionOfServer(
  kind: 'accounts' | 'api',
  url: string,
  baseUrls: BaseUrls,
): Region | undefined {
  const wanted = url.trim().replace(/\/+$/, '').toLowerCase();
  return regions.find(
    (region) => wanted === (baseUrls[`${kind}-${region.id}`] ?? region[kind]).toLowerCase(),
  );
}

/** @throws RangeError for an id that is none. */
export function regionOfId(id: string): Region {
  const region = regions.find((candidate) => candidate.id === id);
  if (!region) throw new RangeError(`Zoho has no region ${id}`);
  return region;
}
