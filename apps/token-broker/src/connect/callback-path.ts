/** Where a vendor sends the browser back to; below the public base URL it is the redirect URI to register there. */
export function callbackPath(vendorId: string): string {
  return `/connect/${vendorId}/callback`;
}
