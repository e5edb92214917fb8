import { expect, test } from 'vitest';
import { SecretScanner } from './secret-scan.ts';

const canaries = [{ name: 'the key', text: 'k-1234567890' }];

test('finds a secret in text and in bytes and says where, but not what', () => {
  const scanner = new SecretScanner(canaries);
  scanner.look('log a', 'level=info key=k-1234567890 done');
  scanner.look('topic b', Buffer.from([0, 1, ...Buffer.from('k-1234567890'), 2]));
  scanner.look('log a', 'again k-1234567890');
  const { hits } = scanner.result();
  expect(hits).toEqual(['the key in log a', 'the key in topic b']);
  expect(hits.join()).not.toContain('k-1234567890');
});

test('is silent where there is none, and counts what it has looked at', () => {
  const scanner = new SecretScanner(canaries);
  scanner.look('log a', 'nothing here');
  scanner.done();
  expect(scanner.result()).toEqual({ bytes: 12, places: 1, hits: [] });
});

test('refuses a canary that would be found everywhere', () => {
  expect(() => new SecretScanner([{ name: 'empty', text: '' }])).toThrow('too short');
});
