import { describe, expect, it } from 'vitest';
import { ManualClock } from '#libs/core';
import { Secret } from '#libs/platform';
import { OperatorAccess } from './operator-access.js';

function accessWith(clock: ManualClock, token = 'the-operator-token', secure = true): OperatorAccess {
  return new OperatorAccess({ token: new Secret(token), sessionHours: 12, secure, clock });
}

function bearing(token: string) {
  return { headers: { authorization: `Bearer ${token}` } };
}

function withCookie(setCookie: string) {
  return { headers: { cookie: `theme=dark; ${setCookie.split(';')[0] ?? ''}; other=1` } };
}

describe('access of operators', () => {
  it('is by the bearer token and nothing like it', () => {
    const access = accessWith(new ManualClock());
    expect(access.allows(bearing('the-operator-token'))).toBe(true);
    for (const wrong of ['the-operator-token ', 'the-operator-toke', 'THE-OPERATOR-TOKEN', '', 'x'])
      expect(access.allows(bearing(wrong))).toBe(false);
    expect(access.allows({ headers: {} })).toBe(false);
    expect(access.allows({ headers: { authorization: 'Basic the-operator-token' } })).toBe(false);
  });

  it('is by the cookie until its session ends', async () => {
    const clock = new ManualClock();
    const access = accessWith(clock);
    const session = withCookie(access.signIn());
    expect(access.allows(session)).toBe(true);
    await clock.advance(12 * 3_600_000);
    expect(access.allows(session)).toBe(false);
  });

  it('is not by a cookie that somebody prolonged, signed with another token or made up', () => {
    const clock = new ManualClock();
    const access = accessWith(clock);
    const cookie = access.signIn();
    const prolonged = cookie.replace(/=(\d+)\./, (_, expiresAt: string) => `=${Number(expiresAt) + 1}.`);
    expect(access.allows(withCookie(prolonged))).toBe(false);
    expect(access.allows(withCookie(accessWith(clock, 'another-token').signIn()))).toBe(false);
    for (const made of [
      'ledgerwire_session=1.',
      'ledgerwire_session=',
      'ledgerwire_session=9999999999999.AAAA',
    ])
      expect(access.allows({ headers: { cookie: made } })).toBe(false);
  });

  it('is by a cookie that no script and no other site can use', () => {
    expect(accessWith(new ManualClock()).signIn()).toMatch(
      /^ledgerwire_session=\d+\.[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=43200; Secure$/,
    );
    expect(accessWith(new ManualClock(), 'a-token', false).signIn()).not.toContain('Secure');
    expect(accessWith(new ManualClock()).signOut()).toContain('Max-Age=0');
  });

  it('is closed for a while after many wrong tokens, even to the right one', async () => {
    const clock = new ManualClock();
    const access = accessWith(clock);
    for (let attempt = 0; attempt < 20; attempt += 1) expect(access.checkTyped('guess')).toBe('wrong');
    expect(access.checkTyped('the-operator-token')).toBe('throttled');
    await clock.advance(60_000);
    expect(access.checkTyped('the-operator-token')).toBe('right');
  });
});
