import { z } from 'zod';
import { habitsSchema } from '../../../kit/webhook-habits.js';

/** What `POST /__sandbox/webhooks` takes for FreshBooks. */
export const callbackSettingsSchema = habitsSchema.partial().extend({
  timeoutMs: z.int().min(1).optional().describe('Real milliseconds that the receiver has'),
  retryAfterMs: z
    .array(z.int().min(1))
    .max(20)
    .optional()
    .describe('Sandbox milliseconds before each further try of a delivery that failed; [] = never again'),
  sortedSignature: z.boolean().optional().describe('Sign the fields in alphabetical order instead of theirs'),
  dropHandshakes: z.boolean().optional().describe('Verifiers get lost until they are asked for again'),
});

/** How callbacks are sent. */
export interface CallbackSettings {
  readonly timeoutMs: number;
  readonly retryAfterMs: readonly number[];
  readonly sortedSignature: boolean;
  readonly dropHandshakes: boolean;
}

/** FreshBooks publishes neither time-outs nor retries: these are ours. */
export const usualSettings: CallbackSettings = {
  timeoutMs: 10_000,
  retryAfterMs: [5_000, 60_000, 600_000],
  sortedSignature: false,
  dropHandshakes: false,
};
