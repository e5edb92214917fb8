import type { Connection } from '#libs/contracts';
import type { Logger } from '#libs/platform';
import type { ReadTable } from '#libs/streams';
import type {
  CallOptions,
  VendorCall,
  VendorContactWishes,
  VendorDefinition,
  VendorSource,
} from '#libs/vendor-kit';
import type { EntityLoader } from './entity-loader.js';
import type { FetcherMetrics } from './fetcher.metrics.js';

/** Nest token of {@link FetcherTools}. */
export const FETCHER_TOOLS = Symbol('fetcher:tools');

/** Times and sizes of the fetcher; durations in milliseconds. */
export interface FetcherSettings {
  /** How long work waits for a connection that is paused or must be authorised again, before it is looked at anew. */
  readonly connectionWaitMs: number;
  /** How often a notice of an unknown connection waits for the table to catch up before it is given up. */
  readonly unknownConnectionTries: number;
  /** So often a vendor must say that it does not have an entity before that is believed, unless it told of the deletion. */
  readonly goneTries: number;
  /** Before it is asked for the second time; then twice as long each time. */
  readonly goneWaitMs: number;
  /** Hints within one such span cause one poll. */
  readonly hintSpanMs: number;
  /** A hinted poll comes no sooner after the last poll of its kind. */
  readonly hintSpacingMs: number;
  /** After a poll that failed without a time of its own; twice as long after each further failure at the same place. */
  readonly pollRetryMs: number;
  readonly pollRetryCapMs: number;
  /** After so many failures at one place a poll goes past the entity that it cannot have. */
  readonly pollTries: number;
  /** The first poll of a connection looks back no further than this. */
  readonly maxLookBackMs: number;
  /** Share of a connection's daily limit that polls may use, all polled types together. */
  readonly pollShareOfDay: number;
  /** Raw JSON that one transaction takes in a poll, so that a produce request stays below the broker's limit. */
  readonly maxCommitChars: number;
}

/** Defaults, with their reasons. */
export const defaultFetcherSettings: FetcherSettings = {
  connectionWaitMs: 60_000,
  unknownConnectionTries: 6,
  // Over half a minute: replicas of a vendor are rarely that far behind.
  goneTries: 4,
  goneWaitMs: 5_000,
  hintSpanMs: 2_000,
  // 1,440 hinted polls a day at most: 29 % of Xero's 5,000 (vendors/xero.md section 5).
  hintSpacingMs: 60_000,
  pollRetryMs: 60_000,
  pollRetryCapMs: 15 * 60_000,
  // Seven minutes: most troubles of a vendor are shorter.
  pollTries: 3,
  maxLookBackMs: 7 * 86_400_000,
  pollShareOfDay: 0.3,
  maxCommitChars: 300_000,
};

/** What the steps of the fetcher work with; everything outside the task comes through here. */
export interface FetcherTools {
  readonly vendor: Pick<VendorDefinition, 'manifest'>;
  readonly source: VendorSource;
  /** Undefined: the vendor's books have no place for wishes. */
  readonly contactWishes: VendorContactWishes | undefined;
  readonly connections: Pick<ReadTable<Connection>, 'get' | 'values'>;
  readonly loader: EntityLoader;
  readonly settings: FetcherSettings;
  readonly metrics: FetcherMetrics;
  readonly logger: Pick<Logger, 'warn'>;
  /** A connection that can be called. */
  callFor(connection: Connection, options?: CallOptions): VendorCall;
}
