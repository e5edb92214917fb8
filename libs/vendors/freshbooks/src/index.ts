import type { VendorDefinition } from '#libs/vendor-kit';
import { freshbooksAuth } from './freshbooks.auth.js';
import { freshbooksSource } from './freshbooks.client.js';
import { freshbooksErrors } from './freshbooks.errors.js';
import { freshbooksManifest } from './freshbooks.manifest.js';
import { freshbooksSubscriptions } from './freshbooks.subscriptions.js';
import { freshbooksWebhooks } from './freshbooks.webhook.js';

/** FreshBooks: invoices, payments, bills, clients, vendors and expenses, read only. */
export const freshbooks: VendorDefinition = {
  manifest: freshbooksManifest,
  auth: freshbooksAuth,
  errors: freshbooksErrors,
  webhooks: freshbooksWebhooks,
  subscriptions: freshbooksSubscriptions,
  source: freshbooksSource,
};
