import type { TemplatePart } from './template-failure.js';

/** Bounds of one template and one rendering. They are there for the hostile case; ordinary templates stay far below. */
export interface TemplateLimits {
  /** Longest template, in UTF-16 characters. */
  readonly sourceChars: number;
  /** Longest time inside the engine, in milliseconds; the worker's deadline stands behind it. */
  readonly renderMs: number;
  /** liquidjs' unit: roughly characters and array elements created by filters, ranges and captures. */
  readonly memoryUnits: number;
  /** Tags, outputs and pieces of text rendered, loops counted through. */
  readonly steps: number;
  /** Longest result per part, in UTF-16 characters. */
  readonly outputChars: Readonly<Record<TemplatePart, number>>;
}

/**
 * `sms`: Twilio refuses a Body over 1600 characters (error 21617). `subject`: well under RFC 5322's line of 998.
 * The rest is what a large, honest e-mail needs. Note that liquidjs 10.30 types `templateLimit` but does not enforce
 * it; the engine counts steps itself.
 */
export const defaultTemplateLimits: TemplateLimits = {
  sourceChars: 50_000,
  renderMs: 500,
  memoryUnits: 1_000_000,
  steps: 20_000,
  outputChars: { sms: 1_600, subject: 250, text: 50_000, html: 200_000 },
};
