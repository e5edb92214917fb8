import { describe, expect, it } from 'vitest';
import { skipReasons } from '#libs/flows';
import { invoiceTrail, outcome, START } from '../testing/outcomes.js';
import { reasonText, sentenceOf, toneOf } from './sentences.js';

describe('sentences', () => {
  it('tell the way of an invoice', () => {
    expect(invoiceTrail().map(sentenceOf)).toEqual([
      'Xero reported a change of the invoice.',
      'Invoice INV-0042 was read from Xero.',
      'An SMS to +44•••••••56 was made.',
      'No message is sent. The staff list has no address for any channel of the step.',
      'The SMS to +44•••••••56 is being sent.',
      'The SMS to +44•••••••56 was accepted by Twilio.',
      'The message was delivered.',
    ]);
  });

  it('write names of vendors and kinds of records as people do', () => {
    const accepted = outcome('accept', 'accepted', 0, { vendor: 'zoho-books', entityType: 'purchaseOrder' });
    expect(sentenceOf(accepted)).toBe('Zoho Books reported a change of the purchase order.');
    expect(sentenceOf({ ...accepted, vendor: 'freshbooks' })).toContain('FreshBooks reported');
    expect(sentenceOf({ ...accepted, vendor: 'of-later' })).toContain('Of-later reported');
  });

  it('give the reason of the service before the general one, and when it goes on', () => {
    const parked = outcome('fetch', 'parked', 0, {
      reason: 'vendor-day-limit',
      nextTryAt: START + 3_600_000,
    });
    expect(sentenceOf(parked)).toBe("Waits until 2026-11-21 10:30 UTC. The vendor's daily limit is used up.");
    expect(sentenceOf({ ...parked, detail: 'Xero asks to wait an hour' })).toBe(
      'Waits until 2026-11-21 10:30 UTC. Xero asks to wait an hour.',
    );
  });

  it('can say something about every reason that flows give', () => {
    for (const reason of Object.keys(skipReasons))
      expect(reasonText(reason)).not.toContain(`Reason: ${reason}`);
  });

  it('show words that nobody has taught them', () => {
    const strange = outcome('replay', 'begun', 0, { reason: 'constructor' });
    expect(sentenceOf(strange)).toBe('Replay: begun. Reason: constructor.');
    expect(toneOf(strange)).toBe('neutral');
    expect(toneOf({ status: 'toString' })).toBe('neutral');
  });

  it('name the code of a failure', () => {
    expect(sentenceOf(outcome('deliver', 'undelivered', 0, { errorCode: '30003' }))).toBe(
      'The message could not be delivered (code 30003).',
    );
  });
});
