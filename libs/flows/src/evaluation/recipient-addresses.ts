import { maskEmail, maskPhone } from '#libs/core';
import type { Channel, Delivery } from '../definition/flow.js';
import type { SkipReason } from '../events/skip-reasons.js';
import { contactAddress } from '../recipients/contact-address.js';
import type { Occasion } from './occasion.js';

/** One recipient: who it is for the identity of the command, and how he is reached, or why not. */
export type Addressee = {
  readonly kind: 'customer' | 'supplier' | 'staff';
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
  const { contact } = delivery.recipients;
  return [...(contact === null ? [] : [contactOf(contact, delivery, occasion)]), ...staffOf(delivery)];
}

function contactOf(target: 'customer' | 'vendor', delivery: Delivery, occasion: Occasion): Addressee {
  const { contact } = occasion.subject;
  const onlySells = contact?.isSupplier === true && !contact.isCustomer;
  const kind = target === 'vendor' || onlySells ? 'supplier' : 'customer';
  const to = { kind, target } as const;
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

function staffOf(delivery: Delivery): Addressee[] {
  const { phones, emails } = delivery.recipients.staff;
  if (phones.length + emails.length === 0) return [];
  const byChannel = { sms: phones, email: emails };
  const channel = delivery.channels.find((candidate) => byChannel[candidate].length > 0);
  if (!channel) {
    const detail = `the list has no address for ${delivery.channels.join(' or ')}`;
    return [{ kind: 'staff', target: 'staff', ok: false, reason: 'no-staff-address', detail, channel: null }];
  }
  return byChannel[channel].map((address) => ({
    kind: 'staff',
    target: `staff/${address}`,
    ok: true,
    channel,
    address,
    detail: null,
  }));
}

/** An address as trails may show it. */
export function maskAddress(channel: Channel, address: string): string {
  return channel === 'sms' ? maskPhone(address) : maskEmail(address);
}
