import { answeringCall, plainConnection } from '#libs/vendor-kit';

/** A connection to Xero that answers as a test says. */
export function answeringXero(
  reply: Parameters<typeof answeringCall>[1],
  settings: Readonly<Record<string, string>> = {},
): ReturnType<typeof answeringCall> {
  const connection = plainConnection('xero', 'tenant', { settings });
  return answeringCall({ connection, baseUrls: { api: 'https://api.xero.com' } }, reply);
}
