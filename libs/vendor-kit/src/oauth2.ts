import { z } from 'zod';
import type { OAuth2Auth, TokenSet } from './contract.js';

/** What every token endpoint answers (RFC 6749 section 5.1); a vendor extends it by fields of its own. */
export const oauthTokenAnswer = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1).optional(),
  /** Seconds. */
  expires_in: z.number().positive(),
  scope: z.string().default(''),
});

/** Such an answer as tokens; the lifetime counts from `sentAt` (epoch milliseconds), so that it never ends too late. */
export function tokenSetOf(answer: z.infer<typeof oauthTokenAnswer>, sentAt: number): TokenSet {
  return {
    accessToken: answer.access_token,
    accessTokenExpiresAt: sentAt + answer.expires_in * 1000,
    refreshToken: answer.refresh_token ?? null,
    // The RFC separates them by spaces; some vendors do it by commas.
    scopes: answer.scope.split(/[ ,]+/).filter((scope) => scope !== ''),
  };
}

/** The query of an authorisation request with PKCE (RFC 6749 section 4.1.1, RFC 7636 section 4.3). */
export function authorizeQuery(
  request: Omit<Parameters<OAuth2Auth['authorizeUrl']>[0], 'baseUrls'>,
  scope: string,
  more: Readonly<Record<string, string>> = {},
): string {
  return new URLSearchParams({
    response_type: 'code',
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    scope,
    state: request.state,
    code_challenge: request.codeChallenge,
    code_challenge_method: 'S256',
    ...more,
  }).toString();
}

/** The fields that redeem a code (RFC 6749 section 4.1.3, RFC 7636 section 4.5). */
export function codeGrant(
  grant: Pick<Parameters<OAuth2Auth['exchange']>[1], 'code' | 'redirectUri' | 'codeVerifier'>,
): Record<string, string> {
  return {
    grant_type: 'authorization_code',
    code: grant.code,
    redirect_uri: grant.redirectUri,
    code_verifier: grant.codeVerifier,
  };
}
