import { describe, expect, it } from 'vitest';
import { LedgerwireError, ManualClock } from '#libs/core';
import { createLogger, type Logger } from '#libs/platform';
import { intakeLog, keysLog } from './intake-log.js';

function loggerTo(lines: Record<string, unknown>[], level: 'debug' | 'info'): Logger {
  return createLogger({
    service: 'ingress',
    instance: 'spec',
    level,
    destination: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
}

const away = new LedgerwireError('no acknowledgement in time', {
  code: 'log-unavailable',
  disposition: 'retry',
});

describe('the log of the intake', () => {
  it('says of an outage every few seconds how many webhooks were sent back', async () => {
    const lines: Record<string, unknown>[] = [];
    const clock = new ManualClock();
    const log = intakeLog(loggerTo(lines, 'info'), clock);
    for (let webhook = 0; webhook < 100; webhook += 1) log.unavailable(away, 'xero');
    await clock.advance(5_000);
    log.unavailable(away, 'xero');
    expect(lines.map(({ event, code, count }) => [event, code, count])).toEqual([
      ['webhook.sent-back', 'log-unavailable', 1],
      ['webhook.sent-back', 'log-unavailable', 100],
    ]);
  });

  it('says as seldom that keys cannot be had', () => {
    const lines: Record<string, unknown>[] = [];
    const log = keysLog(loggerTo(lines, 'info'), new ManualClock());
    log({ vendor: 'xero' }, away);
    log({ vendor: 'xero' }, away);
    expect(lines).toEqual([expect.objectContaining({ event: 'verification-keys.unavailable', count: 1 })]);
  });

  it('does not even build the line of an accepted webhook unless somebody wants it', () => {
    expect(intakeLog(loggerTo([], 'info'), new ManualClock()).accepted).toBeUndefined();
    const lines: Record<string, unknown>[] = [];
    intakeLog(loggerTo(lines, 'debug'), new ManualClock()).accepted?.({
      vendor: 'xero',
      route: 'events',
      webhookId: 'w',
      traceId: 't',
      events: 1,
      ignored: 0,
      unknown: 0,
      durationMs: 3,
    });
    expect(lines).toEqual([
      expect.objectContaining({ level: 'debug', event: 'webhook.accepted', webhookId: 'w' }),
    ]);
  });
});
