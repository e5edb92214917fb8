import type { z } from 'zod';
import type { BaseUrls } from './call.js';

/** Something a vendor can be used for. */
export type Capability = 'source' | 'messaging' | 'webhooks' | 'polling';

/** One server of the vendor and the environment variable that points it elsewhere (the sandbox, a proxy). */
export interface BaseUrlDefinition {
  /** Key in BaseUrls. */
  readonly key: string;
  readonly environmentVariable: string;
  /** The real server, without trailing slash. */
  readonly production: string;
}

/** A credential of our app in the vendor's developer portal. Only token-broker reads it. */
export interface AppCredentialDefinition {
  readonly purpose: 'client-id' | 'client-secret' | 'webhook-key';
  readonly environmentVariable: string;
}

/** Vendor limits as documented. Absent numbers are not limited, or not documented. */
export interface VendorLimits {
  /** Requests in flight per connection. */
  readonly concurrent: number;
  readonly perMinute?: number;
  readonly perDay?: number;
  /** Requests a minute of our app over all connections. */
  readonly appPerMinute?: number;
  /** What an answer says about what is left. Undefined fields = not said. Never throws. */
  readonly readSignals: (answer: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    /** For vendors that name the limit only there. */
    readonly body: string;
  }) => LimitSignals;
}

/** What a vendor's answer says about its limits. */
export interface LimitSignals {
  readonly minuteRemaining?: number;
  readonly dayRemaining?: number;
  /** Wait at least this long, in milliseconds. */
  readonly retryAfterMs?: number;
  /** Which limit refused the request. */
  readonly exceeded?: 'concurrent' | 'minute' | 'day' | 'app' | 'unknown';
}

/** Per-connection settings as they stand in `Connection.settings`: texts in, typed values out. */
export type SettingsSchema = z.ZodType<Readonly<Record<string, unknown>>>;

/** What is to be known about a vendor without calling it: data. */
export interface VendorManifest {
  /** Stable id, lower case: topics, routes, metrics and connections carry it. */
  readonly id: string;
  /** Name for people. */
  readonly name: string;
  readonly capabilities: readonly Capability[];
  readonly baseUrls: readonly BaseUrlDefinition[];
  readonly appCredentials: readonly AppCredentialDefinition[];
  readonly limits: VendorLimits;
  /** Checks and types `Connection.settings`; unknown keys are refused. Limits of a plan are settings too. */
  readonly settings: SettingsSchema;
  /** Settings that come with the account (`VendorAccount.settings`); absent: none. A change of the others does not lose them. */
  readonly accountSettings?: readonly string[];
  /** Limits that this connection's settings lower or raise (a plan), e.g. Xero's daily limit. */
  readonly limitsOf: (
    settings: Readonly<Record<string, string>>,
  ) => Partial<Pick<VendorLimits, 'concurrent' | 'perMinute' | 'perDay'>>;
  /** Servers of this connection, where they depend on its settings (a region); absent = the same for all. */
  readonly baseUrlsFor?: (settings: Readonly<Record<string, string>>, baseUrls: BaseUrls) => BaseUrls;
  /** What Ledgerwire can promise with this vendor and what it cannot, in sentences for the docs. */
  readonly guarantees: readonly string[];
}
