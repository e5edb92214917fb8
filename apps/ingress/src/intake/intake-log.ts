import { type Clock, codeOf } from '#libs/core';
import type { Logger } from '#libs/platform';
import type { IntakeLog } from './webhook-intake.js';

const WARN_EVERY_MS = 5_000;

/**
 * What the intake writes to the log: a wide line per accepted webhook at debug, and of an outage one line every few seconds
 * with the number of webhooks that were sent back meanwhile.
 */
export function intakeLog(logger: Logger, clock: Clock): IntakeLog {
  let warnedAt = -Infinity;
  let since = 0;
  return {
    accepted: logger.isLevelEnabled('debug')
      ? (line) => logger.debug({ event: 'webhook.accepted', ...line })
      : undefined,
    unavailable(error, vendor) {
      since += 1;
      if (clock.now() - warnedAt < WARN_EVERY_MS) return;
      warnedAt = clock.now();
      logger.warn({ event: 'webhook.sent-back', vendor, code: codeOf(error), error, count: since });
      since = 0;
    },
  };
}
