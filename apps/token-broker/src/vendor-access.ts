import type { Grant } from '#libs/persistence';
import type { ApiKeyAuth, AuthCall, OAuth2Auth, VendorDefinition, VendorRegistry } from '#libs/vendor-kit';
import { refusal } from './refusal.js';

/** A vendor with OAuth, and a way to its identity servers. */
export interface OAuthAccess {
  readonly vendor: VendorDefinition;
  readonly auth: OAuth2Auth;
  readonly call: AuthCall;
}

/** A vendor with API keys, and a way to its servers. */
export interface KeyAccess {
  readonly vendor: VendorDefinition;
  readonly auth: ApiKeyAuth;
  readonly call: Omit<AuthCall, 'app'>;
}

/** The way to the servers that the settings of a grant name. */
export function callOf({ vendor, call }: OAuthAccess, settings: Readonly<Record<string, string>>): AuthCall {
  const baseUrls = vendor.manifest.baseUrlsFor?.(settings, call.baseUrls);
  return baseUrls ? { ...call, baseUrls } : call;
}

/** The same way for calls about one account or consent, which may fail for that one alone; see `VendorRequest.subject`. */
export function callAbout(subject: string, call: AuthCall): AuthCall {
  return { ...call, request: (request) => call.request({ ...request, subject }) };
}

/** What of a vendor this broker can use: definitions from the registry, calls with the credentials of our app. */
export class VendorAccess {
  /** `callOf` answers null for a vendor that needs credentials of our app which are not configured. */
  constructor(
    readonly registry: VendorRegistry,
    private readonly callOf: (vendor: VendorDefinition) => AuthCall | null,
  ) {}

  /** Vendors with OAuth that are configured. */
  oauthVendors(): readonly OAuthAccess[] {
    return this.registry.all.flatMap((vendor) => this.find(vendor) ?? []);
  }

  /**
   * @throws LedgerwireError `unknown-vendor`, `vendor-without-oauth` or `vendor-not-configured` (retry, since it heals when
   * the variables are set).
   */
  oauth(vendorId: string): OAuthAccess {
    const vendor = this.registry.find(vendorId);
    if (!vendor) throw refusal('unknown-vendor', `there is no vendor "${vendorId}"`);
    if (vendor.auth.kind !== 'oauth2')
      throw refusal(
        'vendor-without-oauth',
        `${vendor.manifest.name} is connected with API keys, not by consent`,
      );
    const access = this.find(vendor);
    if (access) return access;
    const variables = vendor.manifest.appCredentials.map(({ environmentVariable }) => environmentVariable);
    throw refusal(
      'vendor-not-configured',
      `${vendor.manifest.name} cannot be used: set ${variables.join(', ')} for token-broker`,
    );
  }

  /** @throws LedgerwireError `unknown-vendor` or `vendor-without-keys`. */
  keys(vendorId: string): KeyAccess {
    const vendor = this.registry.find(vendorId);
    if (!vendor) throw refusal('unknown-vendor', `there is no vendor "${vendorId}"`);
    const call = this.callOf(vendor);
    if (vendor.auth.kind === 'api-key' && call) return { vendor, auth: vendor.auth, call };
    throw refusal(
      'vendor-without-keys',
      `${vendor.manifest.name} is connected by consent: use /connect/${vendorId}`,
    );
  }

  /** {@link oauth} for an existing grant, at the servers that its settings name. */
  oauthOf(grant: Grant): OAuthAccess {
    const access = this.oauth(grant.vendor);
    return { ...access, call: callOf(access, grant.settings) };
  }

  private find(vendor: VendorDefinition): OAuthAccess | undefined {
    const { auth } = vendor;
    if (auth.kind !== 'oauth2') return undefined;
    const call = this.callOf(vendor);
    return call ? { vendor, auth, call } : undefined;
  }
}
