import type { VendorDefinition } from '#libs/vendor-kit';
import { xeroAuth } from './xero.auth.js';
import { xeroSource } from './xero.client.js';
import { xeroErrors } from './xero.errors.js';
import { xeroManifest } from './xero.manifest.js';
import { xeroWebhooks } from './xero.webhook.js';

/** Xero: invoices, bills, payments and contacts, read only. */
export const xero: VendorDefinition = {
  manifest: xeroManifest,
  auth: xeroAuth,
  errors: xeroErrors,
  webhooks: xeroWebhooks,
  source: xeroSource,
};
