import type { ConnectionRow, Database } from '#libs/persistence';
import { routePath, type SubscriptionCall, VendorError, type VendorSubscriptions } from '#libs/vendor-kit';
import type { AccessTokens } from '../tokens/access-tokens.js';
import { callAbout, type VendorAccess } from '../vendor-access.js';

/** What {@link SubscriptionCalls} works with. */
export interface SubscriptionCallTools {
  readonly database: Pick<Database, 'grants'>;
  readonly vendors: VendorAccess;
  readonly accessTokens: AccessTokens;
  /** Under which vendors reach ingress, without trailing slash; undefined = nothing is subscribed to. */
  readonly webhookBaseUrl: string | undefined;
}

/** A connection whose vendor's subscriptions can be worked on now. */
export interface SubscriptionAccess {
  readonly subscriptions: VendorSubscriptions;
  readonly call: SubscriptionCall;
  /** Where the vendor is to call for one subscription. */
  urlOf(subscriptionId: string): string;
}

/** Ways to the subscriptions of connections: the vendor's part, a token, and our own URLs. */
export class SubscriptionCalls {
  constructor(private readonly tools: SubscriptionCallTools) {}

  /**
   * Null where there is nothing to work on: a vendor without subscriptions, no public URL, no live consent.
   * @throws LedgerwireError as `AccessTokens.tokenFor`, VendorError.
   */
  async open(row: ConnectionRow): Promise<SubscriptionAccess | null> {
    const { database, vendors, accessTokens, webhookBaseUrl } = this.tools;
    const { subscriptions } = vendors.registry.get(row.vendor);
    if (!subscriptions || webhookBaseUrl === undefined || row.grantId === null) return null;
    const grant = await database.grants.find(row.grantId);
    if (!grant || grant.status !== 'active') return null;
    const { accountId, connectionId } = row;
    const { auth, call: anybodys } = vendors.oauthOf(grant);
    const call = callAbout(connectionId, anybodys);
    const token = await accessTokens.tokenOfGrant(grant);
    const headersOf = (accessToken: string) => auth.requestHeaders(accessToken, accountId);
    // A token that the vendor refuses is replaced once; a second refusal stands.
    const request: SubscriptionCall['request'] = async (asked) => {
      try {
        return await call.request(asked);
      } catch (error) {
        if (!(error instanceof VendorError) || error.code !== 'vendor-unauthorised') throw error;
        const newer = headersOf(await accessTokens.tokenOfGrant(grant, token));
        return call.request({ ...asked, headers: { ...asked.headers, ...newer } });
      }
    };
    return {
      subscriptions,
      call: { accountId, baseUrls: call.baseUrls, headers: headersOf(token), request },
      urlOf: (subscriptionId) =>
        webhookBaseUrl + routePath(subscriptions.route, { connectionId, subscriptionId }),
    };
  }
}
