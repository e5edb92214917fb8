import type { KeptContact } from '#libs/contracts';
import { LedgerwireError, maskPhone } from '#libs/core';
import type { TaskContext } from '#libs/streams';
import { ContactBook } from '../contact-book.js';
import { contactLane } from '../lanes.js';
import type { SenderTools } from '../sender-tools.js';
import { timerNames } from '../timers.js';
import { tellOfContact } from '../trail.js';
import { mirrorContact } from './mirror-contact.step.js';

/**
 * Somebody refused messages, or wants them again: the contacts with his number are mirrored anew, and where a flow keeps them two
 * ways the trail says what becomes of it in the books. No vendor of books has a field for the wish to get no text messages that
 * an integration may write, so that the answer is why nothing was written.
 */
export function tellContacts(
  person: { readonly connectionId: string; readonly phone: string },
  wish: 'opted-out' | 'opted-in',
  context: TaskContext,
): void {
  for (const contact of new ContactBook(context).withPhone(person.connectionId, person.phone)) {
    mirrorSoon(contact, context);
    if (!contact.twoWay) continue;
    const word = wish === 'opted-out' ? 'wants no text messages' : 'wants text messages again';
    tellOfContact(context, contact, {
      status: 'skipped',
      reason: 'books-take-no-opt-outs',
      detail: `The contact ${word}; the books have no place for it that may be written, Ledgerwire obeys it`,
      what: `${contact.contactKey}/${wish}/${String(context.now())}`,
      recipient: maskPhone(person.phone),
    });
  }
}

/** The mirroring that {@link tellContacts} asks for; what would park a record sets the timer again. */
export async function mirrorContactAgain(
  tools: SenderTools,
  contact: KeptContact,
  context: TaskContext,
): Promise<void> {
  try {
    await mirrorContact(tools, contact, context);
  } catch (error) {
    if (!(error instanceof LedgerwireError) || error.disposition === 'halt') throw error;
    tools.logger.warn({ event: 'contact.not-mirrored', code: error.code });
    if (error.disposition === 'dead-letter') return;
    mirrorSoon(contact, context, error.retryAfterMs ?? tools.settings.configurationWaitMs);
  }
}

function mirrorSoon({ connectionId, contactKey }: KeptContact, context: TaskContext, waitMs = 0): void {
  context.setTimer({
    name: timerNames.mirrorContact,
    key: `${connectionId}/${contactKey}`,
    fireAt: context.now() + waitMs,
    lane: contactLane(connectionId, contactKey),
    payload: { connectionId, contactKey },
  });
}
