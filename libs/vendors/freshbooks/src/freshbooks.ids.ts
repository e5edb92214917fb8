const VENDOR_PREFIX = 'vendor-';

/** FreshBooks numbers clients and bill vendors apart, so that both have a 42: a vendor's contact id says that it is one. */
export function contactIdOfVendor(vendorId: string): string {
  return VENDOR_PREFIX + vendorId;
}

/** FreshBooks' own id of a contact that is a vendor; undefined for a client. */
export function vendorIdOf(contactId: string): string | undefined {
  return contactId.startsWith(VENDOR_PREFIX) ? contactId.slice(VENDOR_PREFIX.length) : undefined;
}
