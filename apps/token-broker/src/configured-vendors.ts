import type { Clock } from '#libs/core';
import { Secret } from '#libs/platform';
import {
  type AuthCall,
  baseUrlsOf,
  type HttpTransport,
  type TokenSource,
  type VendorDefinition,
  type VendorMetrics,
  VendorRuntime,
} from '#libs/vendor-kit';
import { callbackPath } from './connect/callback-path.js';

/** Values of the variables that manifests name, by variable. */
export type VendorVariables = Readonly<Record<string, string | Secret | undefined>>;

/** What calls to vendors need besides their variables. */
export interface CallTools {
  readonly transport: HttpTransport;
  readonly clock: Clock;
  readonly metrics: VendorMetrics;
  /** Under which browsers reach this service; some vendors want to see the redirect URI in every refresh. */
  readonly publicBaseUrl?: string;
}

type Purpose = VendorDefinition['manifest']['appCredentials'][number]['purpose'];

/** The webhook keys of our app at a vendor: several may be given, separated by commas, newest first. */
export function appWebhookKeysFrom(
  variables: VendorVariables,
): (vendor: VendorDefinition) => readonly string[] {
  return (vendor) =>
    (credentialOf(vendor, 'webhook-key', variables) ?? '')
      .split(',')
      .map((key) => key.trim())
      .filter((key) => key !== '');
}

/** Makes the calls to a vendor's identity servers; null where our app's credentials there are not configured. */
export function authCallsFrom(
  variables: VendorVariables,
  tools: CallTools,
): (vendor: VendorDefinition) => AuthCall | null {
  const calls = new Map<string, AuthCall | null>();
  return (vendor) => {
    const { id } = vendor.manifest;
    const known = calls.get(id);
    if (known !== undefined) return known;
    const call = createCall(vendor, variables, tools);
    calls.set(id, call);
    return call;
  };
}

function createCall(vendor: VendorDefinition, variables: VendorVariables, tools: CallTools): AuthCall | null {
  const clientId = credentialOf(vendor, 'client-id', variables);
  const clientSecret = credentialOf(vendor, 'client-secret', variables);
  const complete = clientId !== undefined && clientSecret !== undefined;
  if (vendor.auth.kind === 'oauth2' && !complete) return null;
  const overrides = Object.fromEntries(
    vendor.manifest.baseUrls.map(({ environmentVariable }) => [
      environmentVariable,
      plainTextOf(variables[environmentVariable]),
    ]),
  );
  const runtime = new VendorRuntime({
    ...tools,
    vendor,
    baseUrls: baseUrlsOf(vendor, overrides),
    tokens: noTokens,
  });
  const { publicBaseUrl } = tools;
  return runtime.authCall({
    clientId: clientId ?? '',
    clientSecret: clientSecret ?? '',
    ...(publicBaseUrl !== undefined && { redirectUri: publicBaseUrl + callbackPath(vendor.manifest.id) }),
  });
}

function credentialOf(
  vendor: VendorDefinition,
  purpose: Purpose,
  variables: VendorVariables,
): string | undefined {
  const definition = vendor.manifest.appCredentials.find((credential) => credential.purpose === purpose);
  return definition && plainTextOf(variables[definition.environmentVariable]);
}

function plainTextOf(value: string | Secret | undefined): string | undefined {
  return value instanceof Secret ? value.reveal() : value;
}

const unasked = (): never => {
  throw new Error('token-broker does not call vendors in the name of a connection');
};

/** Identity calls bring their own tokens. */
const noTokens: TokenSource = {
  accessToken: unasked,
  rejectAccessToken: unasked,
  credentials: unasked,
  rejectCredentials: unasked,
};
