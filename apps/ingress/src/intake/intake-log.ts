import { type Clock, codeOf } from '#libs/core';
import type { Logger } from '#libs/platform';
import type { KeyScope } from './verification-keys.js';
import type { IntakeLog } from './webhook-intake.js';

const WARN_EVERY_MS = 5_000;

/**
 * What the intake writes to the log: a wide line per accepted webhook at debug, and of an outage one line every few seconds
 * with the number of webhooks that were sent back meanwhile.
 */
export function intakeLog(logger: Logger, clock: Clock): IntakeLog {
  const warn = thinned(clock, (count, vendor, error) =>
    logger.warn({ event: 'webhook.sent-back', vendor, code: codeOf(error), error, count }),
  );
  return {
    accepted: logger.isLevelEnabled('debug')
      ? (line) => logger.debug({ event: 'webhook.accepted', ...line })
      : undefined,
    unavailable: (error, vendor) => warn(vendor, error),
  };
}

/** What the keys' cache writes when token-broker does not answer, as seldom. */
export function keysLog(logger: Logger, clock: Clock): (scope: KeyScope, error: unknown) => void {
  const warn = thinned(clock, (count, vendor, error) =>
    logger.warn({ event: 'verification-keys.unavailable', vendor, error, count }),
  );
  return (scope, error) => warn(scope.vendor, error);
}

/** Writes at most every few seconds, with the number of times that it was asked to since. */
function thinned(
  clock: Clock,
  write: (count: number, vendor: string, error: unknown) => void,
): (vendor: string, error: unknown) => void {
  let wroteAt = -Infinity;
  let count = 0;
  return (vendor, error) => {
    count += 1;
    if (clock.now() - wroteAt < WARN_EVERY_MS) return;
    wroteAt = clock.now();
    write(count, vendor, error);
    count = 0;
  };
}
