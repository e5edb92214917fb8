import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import type { RunningService } from '#libs/platform';
import { createTestDatabase } from '../../../../tools/infra/test-database.ts';
import {
  assertNoSecretIn,
  createInstance,
  createWorld,
  type Instance,
  type World,
} from '../testing/broker-instance.js';
import { call, operatorToken, serveInstance } from '../testing/http-instance.js';
import { ShiftableClock } from '../testing/shiftable-clock.js';

let clock: ShiftableClock;
let world: World;
let instance: Instance;
/** Everything that any page or header said. */
let shown: string;

beforeEach(async () => {
  clock = new ShiftableClock();
  world = await createWorld(await createTestDatabase(inject('infrastructure').databaseUrl), clock);
  instance = await createInstance(world);
  shown = '';
});

afterEach(() => {
  assertNoSecretIn(shown + world.log.join(''), world);
});

async function get(service: RunningService<unknown>, path: string, cookie?: string) {
  const answer = await call(service, path, cookie === undefined ? {} : { cookie });
  shown += answer.text + [...answer.headers].join();
  return answer;
}

/** Goes to the vendor as a browser would; answers where the vendor sends it and the cookie it has by then. */
async function goToVendor(service: RunningService<unknown>, query = 'workspaceId=w1') {
  const { status, headers } = await get(service, `/connect/books/authorise?${query}`);
  expect(status).toBe(302);
  const authorizeUrl = headers.get('location') ?? '';
  const cookie = (headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  return { authorizeUrl, cookie, setCookie: headers.get('set-cookie') ?? '' };
}

function callbackPath({ code, state }: { code: string; state: string }): string {
  return `/connect/books/callback?${new URLSearchParams({ code, state }).toString()}`;
}

describe('connecting by consent', () => {
  test('says what goes to whom, goes to the vendor and shows which companies are connected', async () => {
    world.books.consentAccounts = ['One & Only', 'Two <Ltd>'].map((name, index) => ({
      id: `company-${index}`,
      name,
      handle: `h-${index}`,
    }));
    const service = await serveInstance(instance, world);
    const page = await get(service, '/connect/books?workspaceId=w1');
    expect(page.text).toMatch(/Twilio[^]*Agree and continue to Books[^]*offline/);
    expect(page.text).toContain('href="/connect/books/authorise?workspaceId=w1"');
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(page.headers.get('cache-control')).toBe('no-store');

    const { authorizeUrl, cookie, setCookie } = await goToVendor(service);
    expect(new URL(authorizeUrl).searchParams.get('redirect_uri')).toBe(
      'http://localhost:8080/connect/books/callback',
    );
    expect(setCookie).toMatch(/HttpOnly; SameSite=Lax/);
    const end = await get(service, callbackPath(world.books.consent(authorizeUrl)), cookie);
    expect(end.status).toBe(200);
    expect(end.text).toMatch(/One &amp; Only[^]*Two &lt;Ltd&gt;/);

    const { text } = await call(service, '/connections?workspaceId=w1', { token: operatorToken });
    // Both were made in one millisecond, so their order in the list is open.
    const { connections } = JSON.parse(text) as { connections: readonly { accountId: string }[] };
    expect(connections.toSorted((a, b) => a.accountId.localeCompare(b.accountId))).toMatchObject([
      {
        vendor: 'books',
        accountId: 'company-0',
        status: 'active',
        timeZone: 'Pacific/Auckland',
        currency: 'NZD',
      },
      { vendor: 'books', accountId: 'company-1', displayName: 'Two <Ltd>' },
    ]);
    shown += text;
    await expect
      .poll(() => world.publisher.connections.map(({ accountId }) => accountId).toSorted())
      .toEqual(['company-0', 'company-1']);
  });

  test('asks for the right to write only where the link says so', async () => {
    const service = await serveInstance(instance, world);
    const plain = await get(service, '/connect/books?workspaceId=w1');
    expect(plain.text).not.toMatch(/What Ledgerwire writes|change/);
    const writing = await get(service, '/connect/books?workspaceId=w1&write=1');
    expect(writing.text).toMatch(/What Ledgerwire writes[^]*<code>change<\/code>/);
    for (const [query, extra] of [
      ['workspaceId=w1', ''],
      ['workspaceId=w1&write=1', 'change'],
    ]) {
      const { authorizeUrl } = await goToVendor(service, query);
      expect(new URL(authorizeUrl).searchParams.get('extra')).toBe(extra);
    }
  });

  test('a state is good once', async () => {
    const service = await serveInstance(instance, world);
    const { authorizeUrl, cookie } = await goToVendor(service);
    const path = callbackPath(world.books.consent(authorizeUrl));
    expect((await get(service, path, cookie)).status).toBe(200);
    const again = await get(service, path, cookie);
    expect(again).toMatchObject({ status: 409, text: expect.stringContaining('used before') });
    expect(await instance.broker.desk.list()).toHaveLength(1);
  });

  test.each([
    [
      'a state that nobody began',
      async (url: string, cookie: string) => ({ ...world.books.consent(url), state: 'x'.repeat(43), cookie }),
      400,
      'did not expect',
    ],
    [
      'no state',
      async (url: string, cookie: string) => ({ ...world.books.consent(url), state: '', cookie }),
      400,
      'did not expect',
    ],
    [
      'another browser',
      async (url: string) => ({
        ...world.books.consent(url),
        cookie: `ledgerwire_connect=${'y'.repeat(43)}`,
      }),
      400,
      'another browser',
    ],
    [
      'no cookie',
      async (url: string) => ({ ...world.books.consent(url), cookie: '' }),
      400,
      'another browser',
    ],
    [
      'an answer that comes too late',
      async (url: string, cookie: string) => {
        clock.shift(900_000);
        return { ...world.books.consent(url), cookie };
      },
      410,
      'took too long',
    ],
    [
      'a code that the vendor refuses',
      async (url: string, cookie: string) => ({ ...world.books.consent(url), code: 'no such code', cookie }),
      502,
      'did not accept',
    ],
    [
      'a vendor that is away',
      async (url: string, cookie: string) => {
        world.books.habits.failNext = [{ status: 503, error: 'down' }];
        return { ...world.books.consent(url), cookie };
      },
      503,
      'does not answer',
    ],
    [
      'a consent without a company',
      async (url: string, cookie: string) => {
        world.books.consentAccounts = [];
        return { ...world.books.consent(url), cookie };
      },
      200,
      'No company was chosen',
    ],
  ])('%s connects nothing and says why', async (_what, answer, status, words) => {
    const service = await serveInstance(instance, world);
    const { authorizeUrl, cookie: begun } = await goToVendor(service);
    const { cookie, ...returned } = await answer(authorizeUrl, begun);
    const end = await get(service, callbackPath(returned), cookie);
    expect(end).toMatchObject({ status, text: expect.stringContaining(words) });
    expect(await instance.broker.desk.list()).toEqual([]);
  });

  test('whoever does not agree at the vendor gets a calm page, and the state is used up', async () => {
    const service = await serveInstance(instance, world);
    const { authorizeUrl, cookie } = await goToVendor(service);
    const { state, code } = world.books.consent(authorizeUrl);
    const denied = await get(service, `/connect/books/callback?error=access_denied&state=${state}`, cookie);
    expect(denied).toMatchObject({ status: 200, text: expect.stringContaining('Nothing was connected') });
    expect((await get(service, callbackPath({ code, state }), cookie)).status).toBe(409);
  });

  test('two consents that were begun in two tabs of one browser both end well', async () => {
    const service = await serveInstance(instance, world);
    const first = await goToVendor(service);
    const second = await get(service, '/connect/books/authorise?workspaceId=w1', first.cookie);
    const secondUrl = second.headers.get('location') ?? '';
    for (const url of [first.authorizeUrl, secondUrl])
      expect((await get(service, callbackPath(world.books.consent(url)), first.cookie)).status).toBe(200);
  });

  test('a company of another workspace is named and left alone', async () => {
    const service = await serveInstance(instance, world);
    for (const workspaceId of ['w1', 'w2']) {
      const { authorizeUrl, cookie } = await goToVendor(service, `workspaceId=${workspaceId}`);
      const end = await get(service, callbackPath(world.books.consent(authorizeUrl)), cookie);
      if (workspaceId === 'w2')
        expect(end.text).toMatch(/Nothing was connected[^]*Another workspace[^]*Company One/);
    }
    expect(await instance.broker.desk.list()).toMatchObject([{ workspaceId: 'w1' }]);
  });

  test('asks the vendor with PKCE: the code alone is worth nothing', async () => {
    const service = await serveInstance(instance, world);
    const { authorizeUrl, cookie } = await goToVendor(service);
    const other = await goToVendor(service);
    const stolen = world.books.consent(authorizeUrl);
    const { state } = world.books.consent(other.authorizeUrl);
    const end = await get(service, callbackPath({ code: stolen.code, state }), other.cookie);
    expect(end.status).toBe(502);
    expect(cookie).not.toBe(other.cookie);
  });
});

describe('links', () => {
  test('nobody gets in without one that an operator made, and it can be followed to the end', async () => {
    const service = await serveInstance(instance, world, 'signed');
    expect(await get(service, '/connect/books?workspaceId=w1')).toMatchObject({
      status: 403,
      text: expect.stringContaining('personal link'),
    });
    const body = { vendor: 'books', workspaceId: 'w1', lifetimeMinutes: 5 };
    const made = await call(service, '/connect-links', { token: operatorToken, body });
    const { pathname, search } = new URL((JSON.parse(made.text) as { url: string }).url);
    const page = await get(service, pathname + search);
    const next = /href="([^"]+)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect((await get(service, next)).status).toBe(302);
    expect((await get(service, (pathname + search).replace('w1', 'w2'))).status).toBe(403);
    expect((await get(service, `${pathname}/authorise${search}`.replace('w1', 'w2'))).status).toBe(403);
    clock.shift(300_001);
    expect(await get(service, next)).toMatchObject({ status: 403, text: expect.stringContaining('expired') });
  });

  test.each([
    ['/connect/nothing?workspaceId=w1', 404],
    ['/connect/texts?workspaceId=w1', 400],
    ['/connect/books', 403],
    ['/connect/books?workspaceId=../../x', 403],
    ['/connect/books/authorise?workspaceId=w1&expires=x', 403],
  ])('%s is answered %i with a page', async (path, status) => {
    const service = await serveInstance(instance, world);
    const answer = await get(service, path);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
  });
});
