import { z } from 'zod';
import { parsedSecretVariable } from '../config/variables.js';
import { Secret } from '../config/secret.js';
import { sameToken } from './bearer.js';

/** What a token stands for. */
export interface ServiceGrant {
  /** The calling service, e.g. `fetcher`. */
  readonly service: string;
  readonly token: Secret;
  /** What it may do, e.g. `tokens:read`; words of the service that is called. */
  readonly permissions: readonly string[];
}

/** A caller that showed a known token. */
export type ServiceCaller = Omit<ServiceGrant, 'token'>;

/** Shorter ones could be guessed. */
const MIN_TOKEN_CHARACTERS = 16;

const grantsByService = z.record(
  z.string().min(1),
  z.strictObject({
    token: z.string().min(MIN_TOKEN_CHARACTERS),
    permissions: z.array(z.string().min(1)),
  }),
);

const FORM = `must be JSON like {"fetcher":{"token":"…","permissions":["tokens:read"]}}, tokens of ${MIN_TOKEN_CHARACTERS} characters or more, none twice`;

/**
 * The services that may call this one over HTTP: `LEDGERWIRE_SERVICE_TOKENS`, JSON of
 * `{"<service>": {"token": "…", "permissions": ["…"]}}`.
 */
export const serviceTokensConfig = z.object({
  grants: parsedSecretVariable(
    'LEDGERWIRE_SERVICE_TOKENS',
    'JSON of the services that may call: `{"name": {"token": "…", "permissions": ["…"]}}`',
    z.string().transform((text, context): readonly ServiceGrant[] => {
      const grants = parseGrants(text);
      if (grants) return grants;
      context.addIssue({ code: 'custom', message: FORM });
      return z.NEVER;
    }),
  ),
});

function parseGrants(text: string): readonly ServiceGrant[] | undefined {
  const parsed = grantsByService.safeParse(jsonOf(text));
  if (!parsed.success) return undefined;
  const entries = Object.entries(parsed.data);
  if (new Set(entries.map(([, { token }]) => token)).size < entries.length) return undefined;
  return entries.map(([service, { token, permissions }]) => ({
    service,
    token: new Secret(token),
    permissions,
  }));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Who shows this token, or undefined. All grants are compared, so that the time does not tell which came near. */
export function callerOf(token: string, grants: readonly ServiceGrant[]): ServiceCaller | undefined {
  let found: ServiceCaller | undefined;
  for (const { service, token: expected, permissions } of grants)
    if (sameToken(token, expected)) found = { service, permissions };
  return found;
}
