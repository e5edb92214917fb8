import { type ContactWish, contactWishesOf, headerNames, type KeptContact } from '#libs/contracts';
import { commandIdOf, LedgerwireError } from '#libs/core';
import type { TaskContext } from '#libs/streams';
import { ContactBook } from '../contact-book.js';
import { contactLane } from '../lanes.js';
import type { SenderTools } from '../sender-tools.js';
import { timerNames } from '../timers.js';
import { mirrorContact } from './mirror-contact.step.js';

/** What somebody said about text messages to his number. */
export interface SaidWish {
  readonly connectionId: string;
  readonly phone: string;
  /** False: he wants none. */
  readonly smsAllowed: boolean;
  /** `stop-message`, `start-message` or `error-<code>`. */
  readonly cause: string;
  /** Id of the message by which it became known. */
  readonly causeId: string;
}

/**
 * Somebody refused messages, or wants them again: the contacts with his number are mirrored anew, and where a flow keeps them two
 * ways the wish goes to whoever reads these books, who has the vendor's limits and token.
 */
export function tellContacts(said: SaidWish, context: TaskContext): void {
  for (const contact of new ContactBook(context).withPhone(said.connectionId, said.phone)) {
    mirrorSoon(contact, context);
    if (!contact.twoWay) continue;
    const wish = wishOf(contact, said, context.now());
    const headers = { [headerNames.workspace]: contact.workspaceId };
    context.emit(contactWishesOf(wish.vendor), wish.connectionId, wish, headers);
  }
}

function wishOf(contact: KeptContact, { smsAllowed, cause, causeId }: SaidWish, now: number): ContactWish {
  const { workspaceId, sourceConnectionId, sourceVendor, entityId, flowId, contactKey } = contact;
  return {
    commandId: commandIdOf({
      flowId,
      flowStep: 'contacts',
      businessEvent: `${cause}/${causeId}`,
      target: contactKey,
    }),
    workspaceId,
    connectionId: sourceConnectionId,
    vendor: sourceVendor,
    contactId: entityId,
    smsAllowed,
    cause,
    flowId,
    decidedAt: now,
  };
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
