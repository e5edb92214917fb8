import type { FastifyInstance } from 'fastify';

/** One route of a double or of the sandbox's own API, for `GET /__sandbox` and the README. */
export interface EndpointDescription {
  readonly method: string;
  readonly path: string;
  readonly does: string;
}

/** Descriptions from lines of method, path and what it does. */
export function describeEndpoints(
  lines: readonly (readonly [method: string, path: string, does: string])[],
): EndpointDescription[] {
  return lines.map(([method, path, does]) => ({ method, path, does }));
}

/** Something that a double sent to a person, for the page. */
export interface RecentItem {
  /** ISO 8601. */
  readonly at: string;
  readonly id: string;
  readonly to: string;
  readonly text: string;
  readonly status: string;
  readonly isFinal: boolean;
  /** Why it failed. */
  readonly problem: string | undefined;
}

/** A change to how a vendor sends webhooks; which fields there are is up to the double. */
export type WebhookChange = Readonly<Record<string, unknown>>;

/**
 * What the sandbox needs of a vendor's double. A further vendor is one folder with one of these and one line in
 * `vendors/index.ts`; nothing else knows a vendor by name.
 */
export interface VendorDouble {
  readonly vendor: string;
  /** The protocol's routes, for `GET /__sandbox`. */
  readonly endpoints: readonly EndpointDescription[];
  /** What of the sandbox's own API is for this double alone. */
  readonly controls?: readonly EndpointDescription[];
  /** Where the double has each server of the vendor: path by the key of `baseUrls` in the vendor's manifest. */
  servers?(): Readonly<Record<string, string>>;
  /** Mounts the vendor's protocol. Called once, before the server listens. */
  mount(server: FastifyInstance): void;
  /** This vendor's part of `.ledgerwire/sandbox.json`, merged with the other doubles' parts. */
  clients(origin: string): Record<string, unknown>;
  /** The webhook settings in force. */
  webhooks(): Record<string, unknown>;
  /** Changes webhook settings. Rejects with a ZodError when the change is not understood. */
  changeWebhooks(change: WebhookChange): Promise<Record<string, unknown>>;
  /**
   * Points webhooks at our own ingress, when the vendor has one URL for all accounts and nobody set another. True when
   * nothing more is to be done; false asks to be called again, e.g. because ingress is not up yet.
   */
  offerIngress?(ingressUrl: string): Promise<boolean>;
  /** The limits in force: calls per window; null means none. */
  limits(): Record<string, number | null>;
  /** Changes limits. Throws a ZodError when the change is not understood. */
  changeLimits(change: unknown): void;
  /** Figures for the page and for `GET /__sandbox/state`. */
  summary(): Record<string, number | string>;
  /** The newest things it sent to people, if it does. */
  recent?(count: number): RecentItem[];
  /** Back to the default world. */
  reset(): void;
}
