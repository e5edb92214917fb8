import type { VendorRequest } from '#libs/vendor-kit';
import { expect, test } from 'vitest';
import { twilioAuth } from './twilio.auth.js';

const accountSid = `AC${'0'.repeat(32)}`;
const authToken = 'a'.repeat(32);
const withKey = { accountSid, apiKeySid: `SK${'1'.repeat(32)}`, apiKeySecret: 'secret', authToken };

test('sends with the API key where there is one, else with the auth token', () => {
  expect(twilioAuth.sendingCredentials(withKey)).toEqual({
    accountSid,
    user: withKey.apiKeySid,
    password: 'secret',
  });
  expect(JSON.stringify(twilioAuth.sendingCredentials(withKey))).not.toContain(authToken);
  expect(twilioAuth.sendingCredentials({ accountSid, authToken })).toEqual({
    accountSid,
    user: accountSid,
    password: authToken,
  });
  const headers = twilioAuth.requestHeaders({ user: 'u', password: 'p' });
  expect(headers).toEqual({ authorization: `Basic ${Buffer.from('u:p').toString('base64')}` });
});

test('verifies with auth tokens only, primary first', () => {
  const secondaryAuthToken = 'b'.repeat(32);
  expect(twilioAuth.verificationKeys({ ...withKey, secondaryAuthToken })).toEqual([
    { keyId: 'primary', secret: authToken },
    { keyId: 'secondary', secret: secondaryAuthToken },
  ]);
});

test('refuses half of an API key and anything of the wrong form', () => {
  const { apiKeySecret: _secret, ...half } = withKey;
  expect(twilioAuth.schema.safeParse(half).success).toBe(false);
  expect(twilioAuth.schema.safeParse({ ...withKey, authToken: 'short' }).success).toBe(false);
  expect(twilioAuth.schema.parse({ accountSid, authToken })).toEqual({ accountSid, authToken });
});

test('tries the credentials and takes the account’s name when the key may read it', async () => {
  const asked: VendorRequest[] = [];
  const describe = (status: number): ReturnType<typeof twilioAuth.describeAccount> =>
    twilioAuth.describeAccount(
      {
        baseUrls: { api: 'https://api.twilio.com' },
        now: () => 0,
        request: (request) => {
          asked.push(request);
          const body = JSON.stringify({ friendly_name: 'Our account', status: 'active' });
          return Promise.resolve({
            status: request.operation === 'account.get' ? status : 200,
            headers: {},
            body,
          });
        },
      },
      withKey,
    );
  expect(await describe(200)).toMatchObject({ accountId: accountSid, displayName: 'Our account' });
  expect(await describe(401)).toMatchObject({ displayName: null });
  expect(asked[0]?.url).toBe(
    `https://api.twilio.com/2010-04-01/Accounts/${accountSid}/Messages.json?PageSize=1`,
  );
});
