import type { Connection } from '#libs/contracts';
import type { TemplateRenderer, TextMeasure } from '#libs/flows';
import type { ReadTable } from '#libs/streams';
import type { FlowBook } from './flow-book.js';
import type { MapperMetrics } from './mapper.metrics.js';

/** Nest token of {@link MapperTools}. */
export const MAPPER_TOOLS = Symbol('mapper:tools');

/** Times of the mapper, in milliseconds. */
export interface MapperSettings {
  /** When a record that lacks another entity is evaluated again; after the last time it is taken as it is. */
  readonly relatedWaitsMs: readonly number[];
  /** How long an answer to a reminder's question is waited for before it is asked again, doubling up to the cap. */
  readonly recheckWait: { readonly baseMs: number; readonly capMs: number };
  /** After so many questions without an answer the reminder is given up. */
  readonly recheckTries: number;
  /** How long the reminders of one debtor are gathered after the first. */
  readonly gatherDebtorMs: number;
  /** How long a closed document is remembered: longer than the records topic keeps what a replay could bring again. */
  readonly rememberClosedMs: number;
}

/** Defaults, with their reasons. */
export const defaultMapperSettings: MapperSettings = {
  // The fetcher answers within a second; the later waits are for a rate limit or a short outage of the vendor.
  relatedWaitsMs: [2_000, 10_000, 60_000, 300_000],
  // Ten questions with these bounds span about a day and a half.
  recheckWait: { baseMs: 10 * 60_000, capMs: 6 * 60 * 60_000 },
  recheckTries: 10,
  // The answers to questions of the same minute come within seconds; a rate limit spreads them.
  gatherDebtorMs: 90_000,
  rememberClosedMs: 35 * 86_400_000,
};

/** What the steps of the mapper work with; everything outside the task comes through here. */
export interface MapperTools {
  readonly flows: FlowBook;
  readonly connections: Pick<ReadTable<Connection>, 'get'>;
  readonly renderer: TemplateRenderer;
  /** How the vendor of a connection counts text messages; undefined where it carries none. */
  readonly measureOf: (vendor: string) => ((text: string) => TextMeasure) | undefined;
  readonly settings: MapperSettings;
  readonly metrics: MapperMetrics;
}
