import { describe, expect, it } from 'vitest';
import { describeSize, sizeOf } from './message-size.js';

const smsPrices = new Map([
  ['GB', { amount: '0.04', currency: 'GBP' }],
  ['*', { amount: '0.1', currency: 'GBP' }],
]);
const input = { measure: (text: string) => ({ encoding: 'UCS-2', units: text.length, segments: 3 }) };

function costOf(to: string): string | undefined {
  return sizeOf({ channel: 'sms', to, body: 'x' }, { flow: { smsPrices }, input })?.cost?.amount;
}

describe('sizeOf', () => {
  it('multiplies the price of the number’s country exactly', () => {
    expect(costOf('+447700900123')).toBe('0.12');
    expect(costOf('+33612345678')).toBe('0.3');
  });

  it('takes the price of a country with the same calling code before the general one', () => {
    // 07911 1 is Guernsey's.
    expect(costOf('+447911123456')).toBe('0.12');
  });

  it('is nothing for e-mails and where nobody measures, and has no cost without a price', () => {
    const flow = { smsPrices: new Map() };
    expect(sizeOf({ channel: 'email', to: 'a@b.c', body: 'x' }, { flow, input })).toBeNull();
    expect(sizeOf({ channel: 'sms', to: '+447700900123', body: 'x' }, { flow, input: {} })).toBeNull();
    expect(sizeOf({ channel: 'sms', to: '+447700900123', body: 'x' }, { flow, input })?.cost).toBeNull();
  });
});

describe('describeSize', () => {
  it('says it in words', () => {
    const size = { encoding: 'GSM-7', units: 8, segments: 1, cost: null };
    expect(describeSize(size)).toBe('1 segment (GSM-7)');
    expect(describeSize({ ...size, segments: 2, cost: { amount: '0.08', currency: 'GBP' } })).toBe(
      '2 segments (GSM-7), about 0.08 GBP',
    );
  });
});
