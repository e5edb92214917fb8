import type { VendorAuth } from './contract/auth.js';
import type { VendorContactWishes } from './contract/contact-wishes.js';
import type { ErrorTable } from './contract/errors.js';
import type { VendorManifest } from './contract/manifest.js';
import type { VendorMessaging } from './contract/messaging.js';
import type { VendorSource } from './contract/source.js';
import type { VendorSubscriptions } from './contract/subscriptions.js';
import type { VendorWebhooks } from './contract/webhooks.js';

/**
 * All that Ledgerwire knows about one vendor. A vendor's folder exports one of these and nothing else; apps reach it
 * through the registry by id, so that no app ever branches on a vendor's name.
 *
 * Rules that hold for every part: base URLs, keys and time come in as parameters (never from the environment or the
 * machine's clock); nothing keeps state between calls; errors are VendorErrors whose texts hold no secrets and no personal data.
 */
export interface VendorDefinition {
  readonly manifest: VendorManifest;
  readonly auth: VendorAuth;
  readonly errors: ErrorTable;
  readonly webhooks?: VendorWebhooks;
  /** For vendors at which webhooks are subscribed to by API; needs `webhooks` with keys by connection. */
  readonly subscriptions?: VendorSubscriptions;
  readonly source?: VendorSource;
  readonly messaging?: VendorMessaging;
  /** For vendors of books that can be told what a contact wants. */
  readonly contactWishes?: VendorContactWishes;
}

export type * from './contract/auth.js';
export type * from './contract/call.js';
export type * from './contract/contact-wishes.js';
export type * from './contract/errors.js';
export type * from './contract/manifest.js';
export type * from './contract/messaging.js';
export type * from './contract/source.js';
export type * from './contract/subscriptions.js';
export type * from './contract/webhooks.js';
