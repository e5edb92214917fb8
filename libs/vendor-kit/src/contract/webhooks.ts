/** A route of ingress, below its webhook root (`/webhooks/`). */
export interface WebhookRoute {
  /** For metrics and for building callback URLs, e.g. `status`. */
  readonly name: string;
  readonly method: 'POST' | 'GET';
  /** Without leading slash; parameters as `:name`, e.g. `twilio/:connectionId/status/:commandId`. */
  readonly path: string;
}

/** A webhook request as it came in, before anything was parsed. */
export interface WebhookRequest {
  readonly route: WebhookRoute;
  readonly method: string;
  /** The configured public base URL + path + query exactly as received (`originalUrl`): what the vendor called and signed. */
  readonly publicUrl: string;
  /** Path parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Lower-case names; undefined = not sent. A header sent twice has both values joined by `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly rawBody: Buffer;
  /** When it came in, epoch milliseconds; for vendors whose repeats cannot be told from news by anything else. */
  readonly receivedAt?: number;
}

/** A key that may have signed a webhook. */
export interface VerificationKey {
  /** For logs and metrics, e.g. `primary`; never derived from the secret. */
  readonly keyId: string;
  readonly secret: string;
}

/** What a webhook says, in vendor-neutral words. Ingress resolves `accountId` (or the route's connection) and makes records of it. */
export type WebhookEvent = ChangeEvent | DeliveryEvent | CommunicationEvent;

/** An entity changed; becomes a ChangeNotice. */
export interface ChangeEvent {
  readonly kind: 'change';
  /** The vendor's id of the account, as in `Connection.accountId`. */
  readonly accountId: string;
  /** Canonical entity type. */
  readonly entityType: string;
  readonly entityId: string;
  readonly changeType: 'created' | 'updated' | 'deleted' | 'unknown';
  /** The vendor's time of the change, epoch milliseconds UTC. */
  readonly sourceTime: number | null;
  /** The vendor's own counter, where it tells two changes in one instant apart; must be equal in redeliveries. */
  readonly sequence: string | null;
}

/** A message's delivery moved on; becomes a DeliveryReport. */
export interface DeliveryEvent {
  readonly kind: 'delivery';
  readonly accountId: string;
  readonly commandId: string | null;
  readonly messageSid: string;
  readonly channel: 'sms' | 'email';
  /** The vendor's word. */
  readonly status: string;
  readonly errorCode: number | null;
}

/** An SMS or call came in or moved on; becomes a Communication. */
export interface CommunicationEvent {
  readonly kind: 'communication';
  readonly accountId: string;
  readonly sid: string;
  readonly communicationKind: 'sms' | 'call';
  readonly direction: 'inbound' | 'outbound';
  readonly from: string;
  readonly to: string;
  readonly body: string | null;
  readonly status: string;
  readonly optOutType: 'STOP' | 'START' | 'HELP' | null;
  readonly messagingServiceSid: string | null;
}

/** Something in an accepted webhook that leads to nothing, kept visible in metrics and logs. */
export interface IgnoredItem {
  readonly reason: 'unsubscribed-category' | 'unknown-category' | 'unknown-event-type' | 'foreign-account';
  /** A word for people, e.g. the category; no personal data. */
  readonly what: string;
}

/** Exactly what the vendor gets back. No other header that a framework adds may go out on these routes. */
export interface WebhookResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Why a webhook is refused; a metric label. */
export type RejectionReason =
  'signature-missing' | 'signature-invalid' | 'body-hash-invalid' | 'no-key' | 'wrong-account';

/** The secret of a handshake, for token-broker, which gives it back to the vendor and keeps it. Nobody has vouched for it yet. */
export interface SubscriptionProof {
  /** As in the route. */
  readonly subscriptionId: string;
  /** The vendor's id of the subscription, where the handshake names it. */
  readonly remoteId: string | null;
  readonly secret: string;
}

/** What became of a webhook's bytes. Ingress sends `response` for `accepted` and `malformed` only after the broker has the records. */
export type WebhookVerdict =
  /** Forged, or signed with a key we do not have: nothing of it is kept; that it came is counted and told. */
  | { readonly kind: 'rejected'; readonly reason: RejectionReason; readonly response: WebhookResponse }
  /** The vendor tries us out. What it wants back in another call than this one is in `proof`; else there is nothing to keep. */
  | {
      readonly kind: 'handshake';
      readonly response: WebhookResponse;
      readonly proof?: SubscriptionProof;
    }
  | {
      readonly kind: 'accepted';
      /** The same for each redelivery; shown to operators and searched for. */
      readonly webhookId: string;
      readonly events: readonly WebhookEvent[];
      readonly ignored: readonly IgnoredItem[];
      readonly response: WebhookResponse;
    }
  /** Rightly signed but unreadable: a dead letter with the raw body, and 2xx, since a repeat would be the same. */
  | {
      readonly kind: 'malformed';
      readonly webhookId: string;
      /** One sentence for people, without content of the body. */
      readonly reason: string;
      readonly response: WebhookResponse;
    };

/** A vendor's webhooks: verification over the raw bytes and parsing, pure and fast (no I/O). */
export interface VendorWebhooks {
  readonly routes: readonly WebhookRoute[];
  /** Larger bodies get 413 before they are read to the end. */
  readonly maxBodyBytes: number;
  /** The vendor counts us as failed after this time; ingress answers 503 well before. */
  readonly deadlineMs: number;
  /** `app`: one key for all connections; `connection`: keys of the connection in the route's `connectionId`. */
  readonly keyScope: 'app' | 'connection';
  /**
   * For OAuth vendors whose webhooks the customer sets up with a secret of our choice: the connection's own secret, derived
   * from the app's `webhook-key`, so that none of them opens another's and nothing has to be stored. Absent = the vendor
   * or the account says the key.
   */
  deriveKey?(appKey: string, connectionId: string): string;
  /** Answered when no key is known (unknown connection, or none configured). */
  readonly unknownKeyResponse: WebhookResponse;
  /** Never throws. `keys` are tried in order; `accountId` is the connection's where keyScope is `connection`. */
  receive(
    request: WebhookRequest,
    keys: readonly VerificationKey[],
    connection: { readonly accountId: string } | null,
  ): WebhookVerdict;
}
