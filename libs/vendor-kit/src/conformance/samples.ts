import type {
  RecordBody,
  VendorDefinition,
  VendorErrorCode,
  WebhookRequest,
  WebhookVerdict,
} from '../contract.js';

/** Where a fixture comes from. Made-up values stand for personal data; the shape is the vendor's. */
export interface Provenance {
  /** A page, specification or SDK file of the vendor's. */
  readonly source: string;
  /** When that was read, `YYYY-MM-DD`. */
  readonly date: string;
}

/** A webhook as the vendor sends it. */
export interface WebhookSample extends Provenance {
  readonly name: string;
  readonly route: string;
  readonly params: Readonly<Record<string, string>>;
  /** Path and query below the public base URL. */
  readonly publicUrl: string;
  readonly rawBody: Buffer;
  /** Headers besides the signature's, where they count, e.g. the content type; lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Signs any body as the vendor would; lower-case header names. */
  readonly sign: (request: Pick<WebhookRequest, 'publicUrl' | 'rawBody'>) => Readonly<Record<string, string>>;
  readonly key: string;
  readonly connection: { readonly accountId: string } | null;
  readonly expected: { readonly kind: WebhookVerdict['kind'] } & Readonly<Record<string, unknown>>;
}

/** An entity as the vendor's API gives it, with the record that it must become. */
export interface EntitySample extends Provenance {
  readonly name: string;
  readonly entityType: string;
  readonly entityId: string;
  /** The vendor's JSON. */
  readonly json: string;
  readonly expected: RecordBody;
}

/** An error answer with the code that it must get. */
export interface ErrorSample extends Provenance {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly code: VendorErrorCode;
}

/** What a vendor brings to the conformance checks. */
export interface VendorSamples {
  readonly definition: VendorDefinition;
  /** Complete settings that must be accepted. */
  readonly settings: Readonly<Record<string, string>>;
  readonly webhooks: readonly WebhookSample[];
  readonly entities: readonly EntitySample[];
  readonly errors: readonly ErrorSample[];
  /** For ApiKey vendors: a whole set of credentials. */
  readonly credentials?: Readonly<Record<string, string>>;
}

/** One check; register each as a test of the vendor’s `<v>.conformance.spec.ts`. */
export interface ConformanceCheck {
  readonly title: string;
  readonly run: () => void;
}

/** Fails unless the fixture says where it is from. */
export function provenanceErrors({ source, date }: Provenance): string | undefined {
  if (source.length < 10) return 'a fixture names its source';
  return /^20\d\d-\d\d-\d\d$/.test(date) ? undefined : 'a fixture has a date';
}
