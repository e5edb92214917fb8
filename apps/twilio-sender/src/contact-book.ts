import { type ContactCommand, type KeptContact, twilioSenderStores } from '#libs/contracts';
import type { TaskContext } from '#libs/streams';

/**
 * The contacts of this task: each under its key, and once more under its number, so that a STOP finds them. A contact's lane is the
 * only one that writes them.
 */
export class ContactBook {
  constructor(private readonly context: TaskContext) {}

  get(connectionId: string, contactKey: string): KeptContact | undefined {
    return this.store.get(contactEntry(connectionId, contactKey));
  }

  /** Everybody of the books who has this number. */
  withPhone(connectionId: string, phone: string): KeptContact[] {
    return [...this.store.range(phonePrefix(connectionId, phone))].map(([, contact]) => contact);
  }

  put(contact: KeptContact, former: KeptContact | undefined): void {
    const { connectionId, contactKey, phone } = contact;
    if (former && former.phone !== null && former.phone !== phone)
      this.store.delete(phonePrefix(connectionId, former.phone) + contactKey);
    if (phone !== null) this.store.put(phonePrefix(connectionId, phone) + contactKey, contact);
    this.store.put(contactEntry(connectionId, contactKey), contact);
  }

  private get store() {
    return this.context.store(twilioSenderStores.contacts);
  }
}

/** What is kept of a contact once the command is applied; of a removed one only its version, so that no older change revives it. */
export function keptContactOf(command: ContactCommand, now: number): KeptContact {
  const { workspaceId, connectionId, contactKey, flowId, twoWay, language, kind } = command;
  const { sourceConnectionId, sourceVendor, entityId, sourceVersion, name, phone, email } = command;
  const { smsAllowed, emailAllowed, country, timeZone } = command;
  const identity = { workspaceId, connectionId, contactKey, flowId, kind, twoWay };
  const source = { sourceConnectionId, sourceVendor, entityId, sourceVersion, updatedAt: now };
  if (command.action === 'remove') return { ...identity, ...source, ...NOTHING, removed: true };
  const person = { name, phone, email, smsAllowed, emailAllowed, country, timeZone, language };
  return { ...identity, ...source, ...person, removed: false };
}

const NOTHING = {
  name: null,
  phone: null,
  email: null,
  smsAllowed: null,
  emailAllowed: null,
  country: null,
  timeZone: null,
  language: null,
};

function contactEntry(connectionId: string, contactKey: string): string {
  return `contact/${connectionId}/${contactKey}`;
}

function phonePrefix(connectionId: string, phone: string): string {
  return `phone/${connectionId}/${phone}/`;
}
