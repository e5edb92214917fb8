import { changeNoticesOf, type ChangeNotice, type Topic } from '#libs/contracts';
import type { VendorWebhooks, WebhookRequest } from '#libs/vendor-kit';

/** One vendor's way in. */
export interface Endpoint {
  readonly vendor: string;
  readonly webhooks: VendorWebhooks;
  readonly notices: Topic<ChangeNotice>;
}

/** Makes the endpoint of a vendor. */
export function endpointOf(vendor: string, webhooks: VendorWebhooks): Endpoint {
  return { vendor, webhooks, notices: changeNoticesOf(vendor) };
}

/** A webhook with the time at which it came in, epoch milliseconds. */
export type ReceivedRequest = WebhookRequest & { readonly receivedAt: number };
