const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const DURATION = /^(\d{1,4})(m|h|d|w)$/;

/** A length of time as flows write it: a number and m, h, d or w, e.g. `90m`, `24h`, `7d`. In milliseconds; null when it is none. */
export function parseDuration(text: string): number | null {
  const [, count, unit] = DURATION.exec(text) ?? [];
  if (count === undefined || unit === undefined) return null;
  return Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
}
