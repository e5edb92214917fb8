import type { VendorWebhooks } from '#libs/vendor-kit';
import { vendors } from '#libs/vendors';

/** A vendor that calls us. */
export interface WebhookVendor {
  readonly id: string;
  readonly webhooks: VendorWebhooks;
  /** Whether its webhooks announce changes of books, so that there is a topic of notices. */
  readonly hasNotices: boolean;
}

/** Every vendor of the build that has webhooks. */
export const webhookVendors: readonly WebhookVendor[] = vendors.all.flatMap(
  ({ manifest, webhooks, source }) =>
    webhooks ? [{ id: manifest.id, webhooks, hasNotices: source !== undefined }] : [],
);
