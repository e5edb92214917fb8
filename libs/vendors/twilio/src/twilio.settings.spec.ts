import { expect, test } from 'vitest';
import type { Connection } from '#libs/contracts';
import { plainConnection } from '#libs/vendor-kit';
import { settingsOf } from './twilio.settings.js';

const connection = (settings: Record<string, string>): Connection =>
  plainConnection('twilio', 'AC1', { settings });

test('wrong settings hold up their own connection and do not end the service', () => {
  expect(() => settingsOf(connection({ from: 'not a sender at all' }), 'messages.create')).toThrow(
    expect.objectContaining({ code: 'vendor-misconfigured', disposition: 'park' }) as Error,
  );
  expect(() => settingsOf(connection({ from: 'not a sender at all' }), 'x')).toThrow(/do not fit: from$/);
});

test('settings that fit come back typed', () => {
  expect(settingsOf(connection({ validitySeconds: '60' }), 'x')).toEqual({ validitySeconds: 60 });
});
