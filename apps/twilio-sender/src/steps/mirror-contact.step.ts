import { type KeptContact, twilioSenderStores } from '#libs/contracts';
import { digestOf, LedgerwireError } from '#libs/core';
import type { TaskContext } from '#libs/streams';
import type { VendorContact } from '#libs/vendor-kit';
import { optOutKey } from '../lanes.js';
import type { SenderTools } from '../sender-tools.js';

/**
 * Brings the contact at the vendor to what is kept here, where the connection has a place for contacts; who refused himself counts
 * there as well. Says where the contact is kept now.
 * @throws LedgerwireError that parks or ends the work; the same may be done again.
 */
export async function mirrorContact(
  { messaging, connections, settings, callFor }: SenderTools,
  contact: KeptContact,
  context: TaskContext,
): Promise<'vendor' | 'here'> {
  const connection = connections.get(contact.connectionId);
  const { contacts } = messaging;
  if (!contacts || connection?.status === 'disconnected') return 'here';
  if (connection?.status !== 'active')
    throw new LedgerwireError('The messaging connection cannot be used at present', {
      code: connection?.status ?? 'unknown-connection',
      disposition: 'park',
      retryAfterMs: settings.configurationWaitMs,
    });
  const call = callFor(connection);
  if (contact.phone !== null && contact.smsAllowed === false && contacts.tellsOptOuts(connection)) {
    const { phone, contactKey, sourceVersion, updatedAt: at } = contact;
    const correlationId = digestOf('opt-out', contactKey, phone, String(sourceVersion)).slice(0, 32);
    await contacts.tellOptOut(call, { phone, correlationId, at });
  }
  if (!contacts.isSetUp(connection)) return 'here';
  if (contact.removed) await contacts.remove(call, contact.contactKey);
  else await contacts.put(call, atVendor(contact, context));
  return 'vendor';
}

function atVendor(contact: KeptContact, context: TaskContext): VendorContact {
  const { contactKey: key, connectionId, name, kind, phone, email, emailAllowed } = contact;
  const { country, timeZone, language, sourceVersion } = contact;
  const own =
    phone === null
      ? undefined
      : context.store(twilioSenderStores.optOuts).get(optOutKey(connectionId, phone));
  const smsAllowed = own ? false : contact.smsAllowed;
  const byBooks = contact.smsAllowed === false || emailAllowed === false ? 'books' : null;
  return {
    key,
    name,
    kind,
    phone,
    email,
    smsAllowed,
    emailAllowed,
    optOutSource: own?.source ?? byBooks,
    country,
    timeZone,
    language,
    sourceVersion,
  };
}
