import { describe, expect, it } from 'vitest';
import { Scrubber } from './scrubber.js';

const scrubber = new Scrubber();
const scrub = (text: string): string => scrubber.scrub(text);

describe('Scrubber', () => {
  it.each([
    ['+447700900123', '[phone]'],
    ['To=%2B447700900123&From=x', 'To=[phone]&From=x'],
    ['call +44 (7700) 900-123 now', 'call [phone] now'],
    ['whatsapp:+14155550100', 'whatsapp:[phone]'],
    ['ann.lee+books@mail.example.co.uk paid', '[email] paid'],
    ['email=ann%40example.com', 'email=[email]'],
    ['postgres://app:pa55word@db:5432/x', 'postgres://[secret]@db:5432/x'],
    ['authorization: Bearer abcdef.ghijkl-123', 'authorization: Bearer [secret]'],
    ['basic dXNlcjpwYXNzd29yZA==', 'basic [secret]'],
    ['GET /cb?code=abc123&state=xyz&page=2', 'GET /cb?code=[secret]&state=[secret]&page=2'],
    ['grant_type=refresh_token&refresh_token=r-1', 'grant_type=refresh_token&refresh_token=[secret]'],
    ['next=https%3A%2F%2Fx%2F%3Faccess_token%3Dabc', 'next=https%3A%2F%2Fx%2F%3Faccess_token%3D[secret]'],
    ['{"access_token":"abc","expires_in":1}', '{"access_token":"[secret]","expires_in":1}'],
    [
      String.raw`{"msg":"got {\"refresh_token\":\"abc\",\"scope\":\"a b\"}"}`,
      String.raw`{"msg":"got {\"refresh_token\":\"[secret]\",\"scope\":\"a b\"}"}`,
    ],
    ['token eyJhbGciOiJSUzI1NiJ9.eyJzdWIi.c2ln end', 'token [secret] end'],
  ])('cleans %s', (text, clean) => {
    expect(scrub(text)).toBe(clean);
  });

  it('ends an escaped value where the text around it was cut off', () => {
    const line = JSON.stringify({ msg: '{"access_token":"abc', next: 'kept' });
    expect(JSON.parse(scrub(line))).toEqual({ msg: '{"access_token":"[secret]', next: 'kept' });
  });

  it.each([
    '{"time":"2026-11-21T04:00:00.000+01:00","durationMs":12,"offset":123456789012}',
    '{"event":"sms.attempted","code":"config-invalid","state":"open","messageSid":"SM0123456789abcdef0123456789abcdef"}',
    'Sat, 21 Nov 2026 04:00:00 +0000',
    '+44•••••••56',
    'https://api.xero.com/api.xro/2.0/Invoices?page=2&pageSize=100',
    '{"token":null,"password":""}',
    'the state=open of the breaker',
    'at node_modules/@nestjs/core/router.js:10:5',
  ])('leaves %s as it is', (text) => {
    expect(scrub(text)).toBe(text);
  });

  it('takes out registered secrets, also as they look in JSON and in URLs', () => {
    const own = new Scrubber();
    const secret = 'p"ss/w\\rd é+1';
    own.register(secret);
    const line = JSON.stringify({ msg: `sent ${secret}`, url: `http://x/?q=${encodeURIComponent(secret)}` });
    const clean = own.scrub(line);
    expect(JSON.parse(clean)).toEqual({ msg: 'sent [secret]', url: 'http://x/?q=[secret]' });
    expect(own.scrub(secret)).toBe('[secret]');
  });

  it('does not search for values that are too short to be told from words', () => {
    const own = new Scrubber();
    own.register('sms');
    expect(own.scrub('sms.attempted')).toBe('sms.attempted');
  });

  it('finds addresses inside percent-encoded text and after other addresses', () => {
    expect(scrub('x?to%3Dann%40example.com')).toBe('x?[email]');
    expect(scrub('a@b@example.com')).toBe('a@[email]');
    expect(scrub('<ann@example.com>,bob@example.org')).toBe('<[email]>,[email]');
  });

  it.each([
    ['letters before an at sign', `${'a'.repeat(200_000)}@x`],
    ['backslashes', '\\'.repeat(100_000) + 'token'],
    ['beginnings of members', '"token":"'.repeat(20_000)],
    ['percent signs', '%40'.repeat(70_000)],
    ['plus signs', '+1 2 3 4 5 6'.repeat(20_000)],
    ['schemes of URLs', 'x://'.repeat(50_000) + '@'],
    ['beginnings of tokens', 'eyJaaaaaaaaa.'.repeat(20_000)],
    ['beginnings of credentials', 'bearer '.repeat(30_000)],
  ])('works through 200 kB of %s in time that grows with the length', (_what, hostile) => {
    // Quadratic work would take minutes here and fail by the time limit of a test.
    expect(scrub(hostile).length).toBeLessThanOrEqual(hostile.length + 9 * 40_000);
  });

  it('keeps lines valid JSON, whatever was in them', () => {
    const nasty = {
      msg: 'a "token" : "x\\" y" password=\\"z',
      nested: JSON.stringify({ password: 'a"b\\c', deeper: JSON.stringify({ client_secret: 'q"r' }) }),
      list: ['+15005550006', 'a@b.example', 'Bearer abcdefghijk"'],
      authorization: 'a\\',
      token: { password: 'x"y' },
    };
    const clean = scrub(JSON.stringify(nasty));
    expect(() => JSON.parse(clean)).not.toThrow();
    expect(clean).not.toMatch(/5005550006|a@b\.example|abcdefghijk/);
    expect(JSON.parse(JSON.parse(clean).nested).password).toBe('[secret]');
    expect(JSON.parse(JSON.parse(JSON.parse(clean).nested).deeper).client_secret).toBe('[secret]');
  });
});
