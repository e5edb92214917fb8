import type { Contact } from '#libs/contracts';
import { maskEmail, maskPhone } from '#libs/core';
import type { Channel, Delivery, ListChoice, StaffList } from '../definition/flow.js';
import { foldName } from '../definition/lists.js';
import type { SkipReason } from '../events/skip-reasons.js';
import { contactAddress, phoneCountries } from '../recipients/contact-address.js';
import { normalisePhone } from '../recipients/phone-number.js';
import type { Occasion } from './occasion.js';

/** One recipient: who it is for the identity of the command, and how he is reached, or why not. */
export type Addressee = {
  readonly kind: 'customer' | 'supplier' | 'staff';
  /** Whether it is the contact himself, whose whereabouts are in the books. */
  readonly isContact: boolean;
  /**
   * Part of the command id. The customer is the customer whatever his number is: a corrected number or another channel
   * makes no second message of the same event.
   */
  readonly target: string;
} & (
  | { readonly ok: true; readonly channel: Channel; readonly address: string; readonly detail: string | null }
  | {
      readonly ok: false;
      readonly reason: SkipReason;
      readonly detail: string;
      readonly channel: Channel | null;
    }
);

/** Everybody that a delivery goes to. */
export function addresseesOf(delivery: Delivery, occasion: Occasion): Addressee[] {
  const { contact, lists, staff } = delivery.recipients;
  return [
    ...(contact === null ? [] : [contactOf(contact, delivery, occasion)]),
    ...lists.flatMap((list) => listOf(list, delivery, occasion)),
    ...addressesOf(staff, { kind: 'staff', target: 'staff' }, delivery),
  ];
}

function contactOf(target: 'customer' | 'vendor', delivery: Delivery, occasion: Occasion): Addressee {
  const { contact } = occasion.subject;
  const kind = target === 'vendor' ? 'supplier' : kindOf(contact);
  const to = { kind, target, isContact: true } as const;
  const no = (reason: SkipReason, detail: string = reason): Addressee => ({
    ...to,
    ok: false,
    reason,
    detail,
    channel: null,
  });
  if (!contact) return no('no-contact');
  if (contact.status === 'erased') return no('contact-erased');
  if (contact.status === 'archived') return no('contact-archived');
  const failures: { readonly channel: Channel; readonly reason: SkipReason }[] = [];
  for (const channel of delivery.channels) {
    const found = contactAddress(contact, channel, occasion.input.sourceConnection.country);
    const tried = failures.map((failure) => `${failure.channel}: ${failure.reason}`).join(', ');
    if (found.ok)
      return { ...to, ok: true, channel, address: found.address, detail: tried === '' ? null : tried };
    failures.push({ channel, reason: found.reason });
  }
  const tried = failures.map(({ channel, reason }) => `${channel}: ${reason}`).join(', ');
  return no(failures[0]?.reason ?? 'no-contact', tried);
}

/** The addresses that a list has for the contact; by `otherwise`, the contact himself when it has none. */
function listOf(list: ListChoice, delivery: Delivery, occasion: Occasion): Addressee[] {
  const names = namesOf(occasion);
  const own = list.entries.filter(
    (entry) => entry.names.some((name) => names.has(name)) || entry.numbers.some((phone) => names.has(phone)),
  );
  const entries = own.length > 0 ? own : list.entries.filter(({ names: wanted }) => wanted.length === 0);
  const kind = kindOf(occasion.subject.contact);
  const to = { kind, target: `list/${list.name}` } as const;
  if (entries.length === 0) {
    if (list.otherwise !== null) return [contactOf(list.otherwise, delivery, occasion)];
    const detail = `The contact is not on the list “${list.name}”`;
    return [{ ...to, isContact: false, ok: false, reason: 'not-on-list', detail, channel: null }];
  }
  const phones = new Set(entries.flatMap(({ addresses }) => addresses.phones));
  const emails = new Set(entries.flatMap(({ addresses }) => addresses.emails));
  return addressesOf({ phones: [...phones], emails: [...emails] }, to, delivery);
}

function addressesOf(
  list: StaffList,
  to: { readonly kind: Addressee['kind']; readonly target: string },
  delivery: Delivery,
): Addressee[] {
  if (list.phones.length + list.emails.length === 0) return [];
  const byChannel = { sms: list.phones, email: list.emails };
  const channel = delivery.channels.find((candidate) => byChannel[candidate].length > 0);
  const about = { kind: to.kind, isContact: false };
  if (!channel) {
    const detail = `the list has no address for ${delivery.channels.join(' or ')}`;
    return [{ ...about, target: to.target, ok: false, reason: 'no-staff-address', detail, channel: null }];
  }
  return byChannel[channel].map((address) => ({
    ...about,
    target: `${to.target}/${address}`,
    ok: true,
    channel,
    address,
    detail: null,
  }));
}

function kindOf(contact: Contact | null): 'customer' | 'supplier' {
  return contact?.isSupplier === true && !contact.isCustomer ? 'supplier' : 'customer';
}

/** All that a list may call the contact by: id, number, name, e-mail address, phone numbers. */
function namesOf({ subject, input }: Occasion): ReadonlySet<string> {
  const { contact, contactId } = subject;
  if (!contact) return new Set(contactId === null ? [] : [foldName(contactId)]);
  const texts = [contactId, contact.externalNumber, contact.name, contact.email];
  const countries = phoneCountries(contact, input.sourceConnection.country);
  const phones = contact.phones.flatMap((phone) => normalisePhone(phone, countries)?.e164 ?? []);
  return new Set([...texts.flatMap((text) => (text === null ? [] : [foldName(text)])), ...phones]);
}

/** An address as trails may show it. */
export function maskAddress(channel: Channel, address: string): string {
  return channel === 'sms' ? maskPhone(address) : maskEmail(address);
}
