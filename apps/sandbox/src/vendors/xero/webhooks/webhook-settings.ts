import { z } from 'zod';
import { habitsSchema } from '../../../kit/webhook-habits.js';

/** What `POST /__sandbox/webhooks` takes for Xero. */
export const xeroWebhookSchema = habitsSchema.partial().extend({
  url: z.url().nullable().optional().describe('Where events go; null switches them off'),
  handshake: z
    .boolean()
    .optional()
    .describe('Whether a new url must first pass the intent to receive; true unless given'),
  batchMs: z
    .int()
    .min(0)
    .optional()
    .describe('Sandbox milliseconds for which events are gathered into one body'),
  maxEventsPerBody: z.int().min(1).max(1000).optional(),
  concurrency: z.int().min(1).max(64).optional().describe('Bodies in flight at once while all is well'),
  timeoutMs: z.int().min(1).optional().describe('Real milliseconds that the receiver has; Xero: 5,000'),
  retryEveryMs: z.int().min(1).optional().describe('Sandbox milliseconds between retries; Xero: 900,000'),
});

/** See {@link xeroWebhookSchema}. */
export type XeroWebhookChange = z.output<typeof xeroWebhookSchema>;

/** How bodies are made and sent. */
export interface DeliverySettings {
  readonly batchMs: number;
  readonly maxEventsPerBody: number;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly retryEveryMs: number;
}

/** Xero's documented time-out and retries; how long it gathers and how many it sends at once is not documented. */
export const documentedDelivery: DeliverySettings = {
  batchMs: 25,
  maxEventsPerBody: 100,
  concurrency: 4,
  timeoutMs: 5000,
  retryEveryMs: 15 * 60_000,
};

/** After so long without a good answer Xero disables the subscription. */
export const GIVE_UP_AFTER_MS = 24 * 3_600_000;

/** The state of the subscription, in the portal's words. */
export type SubscriptionStatus = 'off' | 'intent-to-receive-required' | 'ok' | 'retrying' | 'disabled';
