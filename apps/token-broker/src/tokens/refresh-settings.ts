import type { BackoffPolicy } from '#libs/core';

/** Times of the refresh, in milliseconds. Lifetimes and graces are the vendor's and not here. */
export interface RefreshSettings {
  /** A lease that its holder stopped renewing passes to another instance after this. */
  readonly leaseMs: number;
  /** How often an instance looks whether another one has finished. */
  readonly pollMs: number;
  /** A request for a token waits so long for a refresh before it is told to come again. */
  readonly waitMs: number;
  /** Waits between attempts, by how the last one failed. The base is the least of them. */
  readonly backoff: {
    /** For a reason that passes by itself. */
    readonly transient: BackoffPolicy;
    /** The refresh token was refused, but the vendor's grace is not over. */
    readonly refused: BackoffPolicy;
    /** Our own credentials or scopes are wrong: an operator has to act first. */
    readonly misconfigured: BackoffPolicy;
  };
  /**
   * A refusal must still be given so long after the first one before it is believed (vendors with a grace only): Xero has
   * sent `invalid_grant` that healed by itself (XeroAPI/xero-ruby issue 99).
   */
  readonly confirmRefusalMs: number;
  /** How long new tokens are kept in memory and tried to be stored while the database is away. */
  readonly storePatienceMs: number;
  /** A refused token is not replaced when it is younger than this: a new one would be refused too. */
  readonly forcedRefreshPauseMs: number;
}

/** A lease of 20 s, renewed every third of it, bounds the wait after a kill; vendor calls may take longer than it. */
export const defaultRefreshSettings: RefreshSettings = {
  leaseMs: 20_000,
  pollMs: 100,
  waitMs: 10_000,
  backoff: {
    transient: { baseMs: 1_000, capMs: 60_000 },
    refused: { baseMs: 5_000, capMs: 300_000 },
    misconfigured: { baseMs: 60_000, capMs: 600_000 },
  },
  confirmRefusalMs: 60_000,
  storePatienceMs: 600_000,
  forcedRefreshPauseMs: 30_000,
};
