import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PagesUnderTest, startPages } from '../testing/pages-under-test.js';
import { localPath } from './page-access.js';

let pages: PagesUnderTest;

beforeAll(async () => {
  pages = await startPages({ publicBaseUrl: 'https://console.example.com' });
});

afterAll(() => pages.stop());

function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(pages.url + path, { redirect: 'manual', headers });
}

function post(
  path: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(pages.url + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(form).toString(),
  });
}

async function signedIn(): Promise<Record<string, string>> {
  const answer = await post('/login', { token: pages.token, next: '/' });
  return { cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '' };
}

describe('the API', () => {
  it.each([
    '/api/outcomes',
    '/api/traces/x',
    '/api/events',
    '/api/flows',
    '/api/connections',
    '/api/dead-letters',
    '/api/summary',
  ])('answers 401 with a challenge at %s to whoever shows nothing', async (path) => {
    const answer = await get(path);
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  });

  it('can be used with the token and with the cookie of the page', async () => {
    expect((await get('/api/outcomes', { authorization: `Bearer ${pages.token}` })).status).toBe(200);
    expect((await get('/api/outcomes', await signedIn())).status).toBe(200);
  });

  it('answers 503 while the database is away, without its words', async () => {
    pages.data.failure = Object.assign(new Error('postgres://user:hush@db'), { code: 'ECONNREFUSED' });
    const answers = await Promise.all(
      ['/api/outcomes', '/api/traces/x', '/api/events', '/api/flows'].map((path) =>
        get(path, { authorization: `Bearer ${pages.token}` }),
      ),
    );
    pages.data.failure = undefined;
    for (const answer of answers) {
      expect(answer.status).toBe(503);
      expect(await answer.text()).not.toContain('hush');
    }
  });

  it('cannot be used by another site on behalf of a browser that is signed in', async () => {
    const session = await signedIn();
    const put = (headers: Record<string, string>) =>
      fetch(`${pages.url}/api/flows/x`, {
        method: 'PUT',
        headers: { ...session, 'content-type': 'application/json', 'if-match': '"0"', ...headers },
        body: JSON.stringify({ yaml: 'id: x' }),
      });
    expect((await put({ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' })).status).toBe(403);
    expect((await put({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await put({ 'sec-fetch-site': 'same-origin' })).status).toBe(422);
    expect((await put({ origin: 'https://console.example.com' })).status).toBe(422);
  });
});

describe('pages', () => {
  it.each(['/', '/flows', '/flows/new', '/connections', '/dead-letters', '/traces/INV-1'])(
    'send %s to the form and remember where one wanted to go',
    async (path) => {
      const answer = await get(path);
      expect([answer.status, answer.headers.get('location')]).toEqual([
        303,
        `/login?next=${encodeURIComponent(path)}`,
      ]);
    },
  );

  it('let in with the right token, to where one wanted to go', async () => {
    const answer = await post('/login', { token: pages.token, next: '/traces/INV-1?x=1' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/traces/INV-1?x=1']);
    expect(answer.headers.get('set-cookie')).toContain('Secure');
    const wrong = await post('/login', { token: 'guess', next: '/' });
    expect(wrong.status).toBe(401);
    expect(await wrong.text()).toContain('That is not the operator token.');
    expect(wrong.headers.get('set-cookie')).toBeNull();
  });

  it('take the token from the address once, and out of it', async () => {
    const answer = await get(`/traces?id=INV-1&token=${pages.token}`);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/traces?id=INV-1']);
    expect(answer.headers.get('set-cookie')).toContain('ledgerwire_session=');
    const wrong = await get('/?token=guess');
    expect([wrong.headers.get('location'), wrong.headers.get('set-cookie')]).toEqual([
      '/login?next=%2F',
      null,
    ]);
  });

  it('sign out', async () => {
    const answer = await post('/logout', {}, await signedIn());
    expect(answer.headers.get('set-cookie')).toContain('Max-Age=0');
  });

  it('allow nothing inline and nothing from elsewhere, cannot be framed, and are not kept', async () => {
    const { headers } = await get('/', await signedIn());
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('strict-transport-security')).toContain('max-age');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('say so when the database is away, as a page and without its words', async () => {
    const session = await signedIn();
    pages.data.failure = new Error('connect ECONNREFUSED postgres://user:hush@db');
    const answer = await get('/flows', session);
    pages.data.failure = undefined;
    expect(answer.status).toBe(503);
    const text = await answer.text();
    expect(text).toContain('The page needs the database');
    expect(text).not.toContain('hush');
  });

  it('have their static files without signing in, and not twice', async () => {
    const first = await get('/assets/console.css');
    expect([first.status, first.headers.get('content-type')]).toEqual([200, 'text/css; charset=utf-8']);
    const etag = first.headers.get('etag') ?? '';
    expect((await get('/assets/console.css', { 'if-none-match': etag })).status).toBe(304);
    expect((await get('/assets/../package.json')).status).toBe(404);
  });

  it('answer what is not there with 404, as a page', async () => {
    const answer = await get('/flows/nobody', await signedIn());
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('There is no flow nobody.');
  });
});

describe('where one goes on after signing in', () => {
  it.each([
    ['/traces/x?y=1', '/traces/x?y=1'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['https://evil.example', '/'],
    ['javascript:alert(1)', '/'],
    ['/\t/evil.example', '/'],
    ['/.//evil.example', '/'],
    ['/a/..//evil.example', '/'],
    ['/\r\nset-cookie:x', '/set-cookie:x'],
    [undefined, '/'],
    [['/a'], '/'],
  ])('is for %j only within this site: %s', (next, path) => {
    expect(localPath(next)).toBe(path);
  });
});
