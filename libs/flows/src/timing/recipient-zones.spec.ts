import { describe, expect, it } from 'vitest';
import { likelyZone, possibleZones } from './recipient-zones.js';

const nowhere = { timeZone: null, country: null, region: null, phone: null };

describe('possibleZones', () => {
  it('is the zone in the books, else those of the address, else those of the number', () => {
    expect(
      possibleZones({ ...nowhere, timeZone: 'Asia/Tokyo', country: 'GB', phone: '+447911123456' }),
    ).toEqual(['Asia/Tokyo']);
    expect(possibleZones({ ...nowhere, country: 'GB', phone: '+33612345678' })).toEqual(['Europe/London']);
    expect(possibleZones({ ...nowhere, phone: '+33612345678' })).toEqual(['Europe/Paris']);
    expect(possibleZones({ ...nowhere, country: 'US' })).toContain('America/Los_Angeles');
  });

  it('are those of the state or province, by code or name', () => {
    expect(possibleZones({ ...nowhere, country: 'US', region: 'ca' })).toEqual(['America/Los_Angeles']);
    expect(possibleZones({ ...nowhere, country: 'US', region: 'Texas ' })).toEqual([
      'America/Chicago',
      'America/Denver',
    ]);
    expect(possibleZones({ ...nowhere, country: 'AU', region: 'Western Australia' })).toEqual([
      'Australia/Perth',
    ]);
    expect(possibleZones({ ...nowhere, country: 'US', region: 'Yorkshire' }).length).toBeGreaterThan(20);
  });

  it.each(['US/NY', 'US/AK', 'US/HI', 'CA/NL', 'CA/QC', 'CA/NU', 'CA/YT', 'AU/NSW', 'AU/TAS'])(
    'are zones that the runtime knows, in %s',
    (place) => {
      const [country = '', region = ''] = place.split('/');
      const zones = possibleZones({ ...nowhere, country, region });
      expect(zones.length).toBeLessThan(4);
      for (const timeZone of zones) expect(() => new Intl.DateTimeFormat('en', { timeZone })).not.toThrow();
    },
  );

  it('is empty where nothing tells, and passes over what is no zone or country', () => {
    expect(possibleZones(nowhere)).toEqual([]);
    expect(possibleZones({ ...nowhere, timeZone: 'Mars/Base', country: 'Narnia' })).toEqual([]);
  });
});

describe('likelyZone', () => {
  it('is one zone, and the company’s where the country has several', () => {
    const company = { timeZone: 'Europe/London' };
    expect(likelyZone({ timeZone: null, country: 'JP', region: null }, company)).toBe('Asia/Tokyo');
    expect(likelyZone({ timeZone: null, country: 'US', region: null }, company)).toBe('Europe/London');
    expect(likelyZone({ timeZone: 'America/Denver', country: 'US', region: 'NY' }, company)).toBe(
      'America/Denver',
    );
    expect(likelyZone({ timeZone: null, country: 'US', region: 'Texas' }, company)).toBe('America/Chicago');
  });
});
