import { z } from 'zod';
import { httpUrl, variable, wholeNumber } from '#libs/platform';

/** The sandbox's own variables; `PORT`, `HOST` and `PUBLIC_BASE_URL` come with the platform's. */
export const sandboxConfig = z.object({
  seed: variable(
    'SANDBOX_SEED',
    'Makes every identifier reproducible; unset they are random, so that no id ever repeats',
    wholeNumber(0, 4_294_967_295).optional(),
  ),
  ingressUrl: variable(
    'INGRESS_URL',
    'Base URL of ingress; when set, webhooks go there as soon as it passes the handshake',
    httpUrl().optional(),
  ),
});
