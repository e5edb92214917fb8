import type { LimitUsage } from '#libs/vendor-kit';

/** As many as a page shows. */
const MAX_SHOWN = 50;

/** What the connections that come nearest to a limit have used, in words for the health page and the console. */
export function describeLimits(usages: ReadonlyMap<string, LimitUsage>): Record<string, string> {
  const worstFirst = [...usages].sort(([, a], [, b]) => shareOf(b) - shareOf(a));
  return Object.fromEntries(worstFirst.slice(0, MAX_SHOWN).map(([id, usage]) => [id, textOf(usage)]));
}

function shareOf({ minute, day }: LimitUsage): number {
  const shares = [minute, day].map((window) => (window ? window.used / window.limit : 0));
  return Math.max(...shares);
}

function textOf({ minute, day, waitMs }: LimitUsage): string {
  const parts = [
    ...(minute ? [`${minute.used} of ${minute.limit} in the last minute`] : []),
    ...(day ? [`${day.used} of ${day.limit} in the last day`] : []),
    ...(waitMs > 0 ? [`waits ${Math.ceil(waitMs / 1000)} s`] : []),
  ];
  return parts.join(', ');
}
