import type { ApiKeyAuth, TokenSource } from '#libs/vendor-kit';
import { twilio } from '#libs/vendors/twilio';
import { type RunningSandbox, runtimeOf } from './sandbox.fixture.js';

const auth = twilio.auth as ApiKeyAuth;

/** The credentials of the double's account. */
export function twilioCredentials({ clients }: RunningSandbox): Record<string, string> {
  const { accountSid, authToken, apiKeySid, apiKeySecret } = clients.twilio;
  return { accountSid, authToken, apiKeySid, apiKeySecret };
}

/** Our client against the double, with these credentials. */
export function twilioRuntime(
  sandbox: RunningSandbox,
  secrets = twilioCredentials(sandbox),
): ReturnType<typeof runtimeOf> {
  const baseUrls = {
    api: `${sandbox.url}/twilio`,
    comms: `${sandbox.url}/twilio-comms`,
    sync: `${sandbox.url}/twilio-sync`,
    accounts: `${sandbox.url}/twilio-accounts`,
  };
  const credentials = auth.sendingCredentials(secrets);
  const tokens: TokenSource = {
    accessToken: () => Promise.reject(new Error('not used')),
    rejectAccessToken: () => undefined,
    credentials: () => Promise.resolve({ accountId: sandbox.clients.twilio.accountSid, credentials }),
    rejectCredentials: () => undefined,
  };
  return runtimeOf(twilio, baseUrls, tokens);
}
