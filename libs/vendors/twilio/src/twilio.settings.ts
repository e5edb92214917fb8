import type { Connection } from '#libs/contracts';
import { VendorError } from '#libs/vendor-kit';
import type { z } from 'zod';
import { twilioSettings } from './twilio.manifest.js';

/**
 * The connection's settings, checked.
 * @throws VendorError `vendor-misconfigured` (park) naming the settings that do not fit: one tenant's mistake holds up that
 * tenant's messages and nobody else's.
 */
export function settingsOf(connection: Connection, operation: string): z.output<typeof twilioSettings> {
  const parsed = twilioSettings.safeParse(connection.settings);
  if (parsed.success) return parsed.data;
  const names = new Set(parsed.error.issues.map(({ path }) => path.join('.') || 'an unknown setting'));
  throw new VendorError(`settings of the Twilio connection do not fit: ${[...names].join(', ')}`, {
    code: 'vendor-misconfigured',
    disposition: 'park',
    vendor: 'twilio',
    effect: 'none',
    operation,
  });
}
