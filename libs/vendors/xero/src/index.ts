import type { VendorDefinition } from '#libs/vendor-kit';
import { xeroAuth } from './xero.auth.js';
import { xeroSource } from './xero.client.js';
import { xeroContactWishes } from './xero.contact-wishes.js';
import { xeroErrors } from './xero.errors.js';
import { xeroManifest } from './xero.manifest.js';
import { xeroWebhooks } from './xero.webhook.js';

/** Xero: invoices, bills, payments and contacts; all that is written is who belongs to one contact group, where a connection names it. */
export const xero: VendorDefinition = {
  manifest: xeroManifest,
  auth: xeroAuth,
  errors: xeroErrors,
  webhooks: xeroWebhooks,
  source: xeroSource,
  contactWishes: xeroContactWishes,
};
