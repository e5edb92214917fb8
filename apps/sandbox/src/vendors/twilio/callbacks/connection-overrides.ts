/** How Twilio calls one webhook URL. */
export interface ConnectionSettings {
  /** The URL without its fragment: what is called, and what is signed. */
  readonly url: string;
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
  /** For all tries together. */
  readonly totalTimeoutMs: number;
  readonly retries: number;
  /** `4xx`, `5xx`, `ct`, `rt` or `all`. */
  readonly retryPolicy: ReadonlySet<string>;
}

const DEFAULTS = { ct: 5000, rt: 15_000, tt: 15_000, rc: 1 };

/**
 * Reads the overrides in the fragment of a webhook URL (`#rc=3&rp=5xx,ct,rt`); what is absent or out of bounds is as
 * documented: connect 5 s, read 15 s, total 15 s, one retry, and that only when no connection came about.
 */
export function readOverrides(url: string): ConnectionSettings {
  const at = url.indexOf('#');
  const fragment = new URLSearchParams(at === -1 ? '' : url.slice(at + 1));
  const policy = (fragment.get('rp') ?? 'ct').split(',').map((word) => word.trim().toLowerCase());
  return {
    url: at === -1 ? url : url.slice(0, at),
    connectTimeoutMs: bounded(fragment.get('ct'), 100, 10_000, DEFAULTS.ct),
    readTimeoutMs: bounded(fragment.get('rt'), 100, 15_000, DEFAULTS.rt),
    totalTimeoutMs: bounded(fragment.get('tt'), 100, 15_000, DEFAULTS.tt),
    retries: bounded(fragment.get('rc'), 0, 5, DEFAULTS.rc),
    retryPolicy: new Set(policy),
  };
}

function bounded(text: string | null, min: number, max: number, otherwise: number): number {
  const value = text === null ? Number.NaN : Number(text);
  return Number.isInteger(value) && value >= min && value <= max ? value : otherwise;
}
