import assert from 'node:assert/strict';
import type { ApiKeyAuth, OAuth2Auth } from '../contract.js';
import { findErrorRule } from '../error-classifier.js';
import type { ConformanceCheck, VendorSamples } from './samples.js';

const MINUTE_MS = 60_000;

/** Manifest, sign-in and error table are complete. */
export function manifestChecks(samples: VendorSamples): ConformanceCheck[] {
  const { definition } = samples;
  const { auth } = definition;
  return [
    { title: 'the manifest is complete', run: () => checkManifest(samples) },
    { title: 'settings are checked and nothing unknown is taken', run: () => checkSettings(samples) },
    { title: 'limits are read from answers without ever failing', run: () => checkLimits(samples) },
    {
      title: 'the error table covers every status and no answer breaks it',
      run: () => checkErrorTable(samples),
    },
    { title: 'documented error answers get their codes', run: () => checkErrorSamples(samples) },
    auth.kind === 'oauth2'
      ? {
          title: 'the sign-in uses state and PKCE and knows its lifetimes',
          run: () => checkOAuth(auth, samples),
        }
      : { title: 'credentials go only to those who need them', run: () => checkApiKey(auth, samples) },
  ];
}

function checkManifest({ definition }: VendorSamples): void {
  const { manifest, source, messaging, webhooks } = definition;
  assert.match(manifest.id, /^[a-z][a-z0-9-]*$/);
  assert.ok(manifest.name.length > 0 && manifest.guarantees.length > 0, 'name and guarantees are stated');
  assert.equal(manifest.capabilities.includes('source'), source !== undefined);
  assert.equal(manifest.capabilities.includes('messaging'), messaging !== undefined);
  assert.equal(manifest.capabilities.includes('webhooks'), webhooks !== undefined);
  const prefix = `LEDGERWIRE_${manifest.id.toUpperCase().replaceAll('-', '_')}_`;
  const variables = [...manifest.baseUrls, ...manifest.appCredentials].map(
    (entry) => entry.environmentVariable,
  );
  for (const name of variables) assert.ok(name.startsWith(prefix), `${name} begins with ${prefix}`);
  assert.equal(new Set(variables).size, variables.length, 'each environment variable is used once');
  for (const { production } of manifest.baseUrls) {
    assert.equal(new URL(production).protocol, 'https:');
    assert.ok(!production.endsWith('/'), 'base URLs have no trailing slash');
  }
}

function checkSettings({ definition, settings }: VendorSamples): void {
  const { manifest } = definition;
  assert.ok(manifest.settings.safeParse({}).success, 'settings may be empty');
  assert.ok(manifest.settings.safeParse(settings).success, 'the sample settings are accepted');
  assert.ok(
    !manifest.settings.safeParse({ ...settings, 'no-such-setting': 'x' }).success,
    'unknown keys are refused',
  );
  assert.deepEqual(
    manifest.limitsOf({ 'no-such-setting': 'x' }),
    {},
    'limits of unreadable settings are the default',
  );
}

function checkLimits({ definition }: VendorSamples): void {
  const { limits } = definition.manifest;
  for (const limit of [limits.concurrent, limits.perMinute, limits.perDay, limits.appPerMinute])
    assert.ok(limit === undefined || (Number.isInteger(limit) && limit > 0));
  assert.deepEqual(limits.readSignals({ status: 200, headers: {}, body: '' }), {});
  const refused = limits.readSignals({ status: 429, headers: { 'retry-after': '7' }, body: '' });
  assert.equal(refused.retryAfterMs, 7000);
  assert.notEqual(refused.exceeded, undefined, 'a 429 names a limit, if only unknown');
  for (const value of ['', 'soon', '-1', '1e99', 'NaN']) {
    const headers = { 'retry-after': value, 'x-minlimit-remaining': value, 'x-daylimit-remaining': value };
    const signals = limits.readSignals({ status: 429, headers, body: value });
    for (const number of [signals.retryAfterMs, signals.minuteRemaining, signals.dayRemaining])
      assert.ok(
        number === undefined || (number >= 0 && !Number.isNaN(number)),
        `reads ${value} as nothing or a number`,
      );
  }
}

function checkErrorTable({ definition }: VendorSamples): void {
  const { errors } = definition;
  const garbage = ['', '{', '[]', 'null', '"x"', '{"code":{}}', '<html>', '{"error":[1]}', '\u0000'];
  for (let status = 300; status < 600; status++)
    for (const body of garbage) {
      const facts = errors.readFacts({ status, headers: {}, body });
      assert.equal(facts.status, status);
      const rule = findErrorRule(errors.rules, facts);
      assert.ok(rule && rule.meaning.length > 10, `status ${status} has a rule with a meaning`);
      if (status >= 500 && status !== 501)
        assert.equal(rule.disposition, 'retry', `${status} is tried again`);
      if (status === 429) assert.equal(rule.disposition, 'park', '429 waits');
    }
}

function checkErrorSamples({ definition, errors }: VendorSamples): void {
  for (const sample of errors) {
    const facts = definition.errors.readFacts(sample);
    const rule = findErrorRule(definition.errors.rules, facts);
    assert.equal(rule?.code, sample.code, `${sample.status} of ${sample.source}`);
  }
}

function checkOAuth(auth: OAuth2Auth, { definition }: VendorSamples): void {
  const baseUrls = Object.fromEntries(
    definition.manifest.baseUrls.map(({ key, production }) => [key, production]),
  );
  const request = {
    baseUrls,
    clientId: 'client',
    redirectUri: 'https://ledgerwire.example/callback',
    state: 'the-state',
    codeChallenge: 'the-challenge',
  };
  const url = new URL(auth.authorizeUrl(request));
  assert.equal(url.searchParams.get('state'), 'the-state');
  assert.equal(url.searchParams.get('code_challenge'), 'the-challenge');
  assert.equal(url.searchParams.get('code_challenge_method'), 'S256');
  assert.equal(url.searchParams.get('response_type'), 'code');
  // RFC 6749 separates scopes by spaces; some vendors do it by commas.
  assert.deepEqual(scopesOf(url), [...auth.scopes]);
  const { writeScopes = [] } = auth;
  const writing = new URL(auth.authorizeUrl({ ...request, extraScopes: writeScopes }));
  assert.deepEqual(scopesOf(writing), [...auth.scopes, ...writeScopes]);
  const mayWrite = definition.contactWishes !== undefined;
  assert.equal(writeScopes.length > 0, mayWrite, 'rights to write are asked for where something is written');
  const { accessTokenMs, refreshAheadMs, refreshGraceMs } = auth.lifetimes;
  assert.ok(accessTokenMs >= MINUTE_MS && refreshAheadMs < accessTokenMs && refreshGraceMs >= 0);
  const trial = { triedForMs: 0, graceMs: refreshGraceMs };
  assert.equal(
    auth.classifyRefreshFailure(new Error('anything'), trial),
    'transient',
    'unknown failures revoke nothing',
  );
  const headers = auth.requestHeaders('token-1', 'account-1');
  assert.ok(Object.keys(headers).every((name) => name === name.toLowerCase()));
  assert.ok(Object.values(headers).some((value) => value.includes('token-1')));
}

function scopesOf(url: URL): string[] | undefined {
  return url.searchParams.get('scope')?.split(/[ ,]/);
}

function checkApiKey(auth: ApiKeyAuth, { credentials = {} }: VendorSamples): void {
  const known = auth.schema.parse(credentials);
  assert.notEqual(auth.accountIdOf(known), '');
  assert.notEqual(auth.verificationKeys(known).length, 0, 'webhooks can be verified');
  const keysOnly = auth.fields
    .filter(({ purposes }) => !purposes.includes('sending'))
    .map(({ name }) => name);
  const sending = Object.values(auth.sendingCredentials(known));
  for (const name of keysOnly) assert.ok(!sending.includes(known[name] ?? '?'), `${name} stays with ingress`);
  for (const { name, required } of auth.fields.filter((field) => field.required)) {
    const { [name]: _left, ...rest } = known;
    assert.equal(auth.schema.safeParse(rest).success, !required, `${name} is required`);
  }
  const refused = auth.schema.safeParse({ ...known, [auth.fields[0]?.name ?? '']: 'not-a-credential' });
  assert.ok(
    !refused.success && !JSON.stringify(refused.error.issues).includes('not-a-credential'),
    'errors show no values',
  );
}
