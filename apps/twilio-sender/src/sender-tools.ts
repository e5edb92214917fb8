import type { Connection, MessageCommand } from '#libs/contracts';
import type { Random } from '#libs/core';
import type { Logger } from '#libs/platform';
import type { ReadTable } from '#libs/streams';
import type { VendorCall, VendorMessaging } from '#libs/vendor-kit';
import type { SenderMetrics } from './twilio-sender.metrics.js';

/** Nest token of {@link SenderTools}. */
export const SENDER_TOOLS = Symbol('twilio-sender:tools');

/** Times of the sender, in milliseconds. */
export interface SenderSettings {
  /** Absence from the vendor's list counts as shown only this long after the call; default: the vendor's `settleMs`. */
  readonly reconcileGraceMs?: number | undefined;
  /** Waits between looks while the list cannot be read: base and cap of a full-jitter backoff. */
  readonly reconcileBackoff: { readonly baseMs: number; readonly capMs: number };
  /** After so many looks that told nothing, the flow's policy decides. */
  readonly reconcileTries: number;
  /** When a message's delivery is asked for after its send, if no report was final by then; the last one gives up. */
  readonly deliveryChecksMs: readonly number[];
  /** How long a send waits when something must be changed by an operator (paused, misconfigured, disconnected table). */
  readonly configurationWaitMs: number;
}

/** What the steps of the sender work with; everything outside the task comes through here. */
export interface SenderTools {
  readonly messaging: VendorMessaging;
  readonly connections: Pick<ReadTable<Connection>, 'get'>;
  readonly settings: SenderSettings;
  readonly metrics: SenderMetrics;
  readonly random: Random;
  readonly logger: Pick<Logger, 'debug' | 'info' | 'warn'>;
  /** A connection that can be called. */
  callFor(connection: Connection): VendorCall;
  /** Where the vendor reports the delivery of this command's message. */
  statusCallbackUrl(command: MessageCommand): string;
}

/** Defaults, with their reasons. */
export const defaultSenderSettings: SenderSettings = {
  reconcileBackoff: { baseMs: 30_000, capMs: 30 * 60_000 },
  // 12 looks with full jitter under these bounds take about 2 hours: longer than any outage that was not an incident.
  reconcileTries: 12,
  // A callback that did not come within 15 minutes is lost (vendors/twilio.md 3.4); after 72 h no receipt will come (2.2).
  deliveryChecksMs: [15, 60, 180, 720, 1_440, 4_320].map((minutes) => minutes * 60_000),
  configurationWaitMs: 5 * 60_000,
};
