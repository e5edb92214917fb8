import type { VendorDefinition } from '#libs/vendor-kit';
import { twilioAuth } from './twilio.auth.js';
import { twilioMessaging } from './twilio.client.js';
import { twilioErrors } from './twilio.errors.js';
import { twilioManifest } from './twilio.manifest.js';
import { twilioWebhooks } from './twilio.webhook.js';

/** Twilio: SMS and e-mail out, delivery reports and SMS in. */
export const twilio: VendorDefinition = {
  manifest: twilioManifest,
  auth: twilioAuth,
  errors: twilioErrors,
  webhooks: twilioWebhooks,
  messaging: twilioMessaging,
};
