import type { SubscriptionProof } from '../contract.js';
import type { AccessTokenAnswer, CredentialsAnswer, VerificationKeysAnswer } from '../token-protocol.js';

/** Where services get what they need to speak for a connection. Implemented by TokenClient; by a fake in tests. */
export interface TokenSource {
  /** @throws VendorError `needs-reauthorisation` (park), `token-broker-unavailable` (retry). */
  accessToken(connectionId: string): Promise<AccessTokenAnswer>;
  /** The vendor answered 401 to this token; the next {@link accessToken} asks for another. */
  rejectAccessToken(connectionId: string, accessToken: string): void;
  /**
   * The vendor says that the account of this connection is gone (`vendor-disconnected`): token-broker looks for itself and stops
   * the connection if it is so. Asked for again within half a minute it does nothing. Absent where there is nobody to tell.
   * @throws VendorError as {@link accessToken}; callers may let it go, for the daily look at the accounts finds the same.
   */
  reportAccountGone?(connectionId: string): Promise<void>;
  /** Sending credentials of an ApiKey vendor. @throws as {@link accessToken}. */
  credentials(connectionId: string): Promise<CredentialsAnswer>;
  /** Forgets cached credentials, after the vendor refused them. */
  rejectCredentials(connectionId: string): void;
}

/** Where ingress gets the keys of webhooks. */
export interface VerificationKeySource {
  /** Keys of the vendor's app, or of one connection. `fresh` asks again unless that was done a moment ago. */
  verificationKeys(
    vendor: string,
    connectionId?: string,
    options?: { readonly fresh?: boolean },
  ): Promise<VerificationKeysAnswer>;
}

/** Where ingress takes the secrets of handshakes. */
export interface ProofReceiver {
  /** False = token-broker knows no such subscription. @throws VendorError `token-broker-unavailable` (retry). */
  proveSubscription(connectionId: string, proof: SubscriptionProof): Promise<boolean>;
}
