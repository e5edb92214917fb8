import type { BaseUrls, VendorRequest, VendorResponse } from './call.js';
import type { WebhookRoute } from './webhooks.js';

/** A call to the vendor in the name of one account, by whoever keeps its subscriptions. */
export interface SubscriptionCall {
  /** The vendor's id of the account. */
  readonly accountId: string;
  readonly baseUrls: BaseUrls;
  /** Headers that authenticate the request; the vendor's part puts them into each. */
  readonly headers: Readonly<Record<string, string>>;
  request(request: VendorRequest): Promise<VendorResponse>;
}

/** A subscription as the vendor has it. */
export interface RemoteSubscription {
  readonly remoteId: string;
  readonly event: string;
  readonly url: string;
  /** Whether the vendor delivers to it. */
  readonly verified: boolean;
}

/**
 * Webhook subscriptions that the product makes and removes by itself, one for each event of each connection, with a handshake: the
 * vendor sends a secret to the URL, and takes it back as the proof that the URL is ours (FreshBooks). The secret then signs the
 * deliveries. Vendors whose webhooks are set up in their portal (Xero) have none.
 */
export interface VendorSubscriptions {
  /** What to subscribe to, as the vendor names it. */
  readonly events: readonly string[];
  /** The route of ingress, with the parameters `connectionId` and `subscriptionId`. */
  readonly route: WebhookRoute;
  /** @throws VendorError */
  register(call: SubscriptionCall, event: string, url: string): Promise<RemoteSubscription>;
  /** All of the account, those of others among them. @throws VendorError */
  list(call: SubscriptionCall): Promise<readonly RemoteSubscription[]>;
  /** Gives the secret of the handshake back. @throws VendorError when it is not the right one, or the vendor is away. */
  confirm(call: SubscriptionCall, remoteId: string, secret: string): Promise<void>;
  /** Has the vendor send the handshake once more. @throws VendorError */
  askForProof(call: SubscriptionCall, remoteId: string): Promise<void>;
  /** One that is gone already counts as removed. @throws VendorError */
  remove(call: SubscriptionCall, remoteId: string): Promise<void>;
}
