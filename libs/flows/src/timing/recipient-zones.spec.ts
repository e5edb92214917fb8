import { describe, expect, it } from 'vitest';
import { likelyZone, possibleZones } from './recipient-zones.js';

const nowhere = { timeZone: null, country: null, phone: null };

describe('possibleZones', () => {
  it('is the zone in the books, else those of the address, else those of the number', () => {
    expect(possibleZones({ timeZone: 'Asia/Tokyo', country: 'GB', phone: '+447911123456' })).toEqual([
      'Asia/Tokyo',
    ]);
    expect(possibleZones({ ...nowhere, country: 'GB', phone: '+33612345678' })).toEqual(['Europe/London']);
    expect(possibleZones({ ...nowhere, phone: '+33612345678' })).toEqual(['Europe/Paris']);
    expect(possibleZones({ ...nowhere, country: 'US' })).toContain('America/Los_Angeles');
  });

  it('is empty where nothing tells, and passes over what is no zone or country', () => {
    expect(possibleZones(nowhere)).toEqual([]);
    expect(possibleZones({ timeZone: 'Mars/Base', country: 'Narnia', phone: null })).toEqual([]);
  });
});

describe('likelyZone', () => {
  it('is one zone, and the company’s where the country has several', () => {
    const company = { timeZone: 'Europe/London' };
    expect(likelyZone({ timeZone: null, country: 'JP' }, company)).toBe('Asia/Tokyo');
    expect(likelyZone({ timeZone: null, country: 'US' }, company)).toBe('Europe/London');
    expect(likelyZone({ timeZone: 'America/Denver', country: 'US' }, company)).toBe('America/Denver');
  });
});
