import type { VendorDefinition } from '#libs/vendor-kit';
import { zohoBooksAuth } from './zoho-books.auth.js';
import { zohoBooksSource } from './zoho-books.client.js';
import { zohoBooksErrors } from './zoho-books.errors.js';
import { zohoBooksManifest } from './zoho-books.manifest.js';
import { zohoBooksWebhooks } from './zoho-books.webhook.js';

/** Zoho Books: invoices, bills, purchase orders, payments both ways, expenses and contacts, read only, in eight regions. */
export const zohoBooks: VendorDefinition = {
  manifest: zohoBooksManifest,
  auth: zohoBooksAuth,
  errors: zohoBooksErrors,
  webhooks: zohoBooksWebhooks,
  source: zohoBooksSource,
};
