import { digestOf } from '#libs/core';

/**
 * Messages to one recipient and the timers of their commands keep their order: an invoice before its payment confirmation.
 * The address is digested, because lanes are shown to operators.
 */
export function recipientLane(connectionId: string, address: string): string {
  return `${connectionId}/to/${digestOf(address)}`;
}

/**
 * STOP and START of one person. Not the recipient's lane: there a STOP would wait behind a parked message and come too late
 * to keep it from leaving.
 */
export function consentLane(connectionId: string, address: string): string {
  return `${connectionId}/consent/${digestOf(address)}`;
}

/** Reports of one message keep their order; they only read what the recipient's lane writes. */
export function deliveryLane(connectionId: string, messageSid: string): string {
  return `${connectionId}/message/${messageSid}`;
}

/** Changes of one contact of the books keep their order. */
export function contactLane(connectionId: string, contactKey: string): string {
  return `${connectionId}/contact/${digestOf(contactKey)}`;
}

/** Key of the opt-out store for what the books say of an address. */
export function booksOptOutKey(connectionId: string, address: string): string {
  return `${optOutKey(connectionId, address)}#books`;
}

/** Key of the opt-out store for what the recipient himself says. */
export function optOutKey(connectionId: string, address: string): string {
  return `${connectionId}/${address}`;
}
