import { type ContactCommand, type KeptContact, twilioSenderStores } from '#libs/contracts';
import type { TaskContext } from '#libs/streams';
import { ContactBook, keptContactOf } from '../contact-book.js';
import { booksOptOutKey, consentLane } from '../lanes.js';
import type { SenderTools } from '../sender-tools.js';
import { timerNames, type WishPayload } from '../timers.js';
import { tellContact } from '../trail.js';
import { mirrorContact } from './mirror-contact.step.js';

/**
 * Takes what the books say of a contact: keeps it, has its wishes obeyed from now on, and mirrors it to the vendor. The wishes are
 * committed before the vendor is called: they hold also while it cannot be reached.
 */
export async function applyContact(
  tools: SenderTools,
  command: ContactCommand,
  context: TaskContext,
): Promise<void> {
  const book = new ContactBook(context);
  const former = book.get(command.connectionId, command.contactKey);
  if (former && former.sourceVersion > command.sourceVersion) {
    tellContact(context, command, { status: 'skipped', reason: 'superseded' });
    return;
  }
  const contact = keptContactOf(command, context.now());
  book.put(contact, former);
  const phones = [former?.phone, ...command.formerPhones].filter((phone) => phone !== contact.phone);
  for (const phone of phones) setWish(contact, phone, false, context);
  if (former?.email !== contact.email) setWish(contact, former?.email, false, context);
  setWish(contact, contact.phone, contact.smsAllowed === false, context);
  setWish(contact, contact.email, contact.emailAllowed === false, context);
  await context.commit();
  const place = await mirrorContact(tools, contact, context);
  tellContact(context, command, {
    status: contact.removed ? 'removed' : 'kept',
    reason: place === 'vendor' ? 'kept-at-twilio' : 'kept-here',
  });
}

/** In the address's own lane, since contacts share addresses. */
function setWish(
  { connectionId, contactKey }: KeptContact,
  address: string | null | undefined,
  refuses: boolean,
  context: TaskContext,
): void {
  if (!address) return;
  const payload: WishPayload = { connectionId, contactKey, address, refuses };
  context.setTimer({
    name: timerNames.wish,
    key: `${connectionId}/${address}/${contactKey}`,
    fireAt: context.now(),
    lane: consentLane(connectionId, address),
    payload,
  });
}

/** Keeps which contacts of an address want no messages; while there is one, nothing is sent there. */
export function applyWish(
  { metrics }: Pick<SenderTools, 'metrics'>,
  { connectionId, contactKey, address, refuses }: WishPayload,
  context: TaskContext,
): void {
  const optOuts = context.store(twilioSenderStores.optOuts);
  const key = booksOptOutKey(connectionId, address);
  const known = optOuts.get(key);
  const others = (known?.contactKeys ?? []).filter((other) => other !== contactKey);
  if (refuses && known && others.length < known.contactKeys.length) return;
  if (refuses) {
    optOuts.put(key, { source: 'books', at: context.now(), contactKeys: [...others, contactKey] });
    metrics.optedOut('books');
  } else if (known && others.length === 0) optOuts.delete(key);
  else if (known) optOuts.put(key, { ...known, contactKeys: others });
}
