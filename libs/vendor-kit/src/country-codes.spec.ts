import { expect, test } from 'vitest';
import { countryCodeOf } from './country-codes.js';

test.each([
  ['New Zealand', 'NZ'],
  [' united kingdom ', 'GB'],
  ['England', 'GB'],
  ['USA', 'US'],
  ['United States', 'US'],
  ['Deutschland', 'Deutschland'],
  ['de', 'DE'],
  ['UK', 'GB'],
  ['ZZ', 'ZZ'],
  ['Germany', 'DE'],
  ['France', 'FR'],
  ['Myanmar (Burma)', 'MM'],
  ['Middle Earth', 'Middle Earth'],
  ['', null],
  [null, null],
])('reads the country "%s" as %s', (text, expected) => {
  expect(countryCodeOf(text)).toBe(expected);
});
