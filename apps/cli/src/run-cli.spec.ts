import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { commands } from './commands/index.js';
import { hastyClock, run, TOKEN } from './testing/run.js';
import { ServiceDouble } from './testing/service-double.js';

const folder = mkdtempSync(join(tmpdir(), 'ledgerwire-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

const parked = { 'GET /api/parked': { body: { total: 0, parked: [] } } };

describe('the command line', () => {
  it.each(commands.map(({ name }) => [name]))('%s --help says how it is used', async (name) => {
    const { code, out } = await run([...name.split(' '), '--help']);
    expect(code).toBe(0);
    expect(out).toContain(`Usage: ledgerwire ${name}`);
    expect(out).toContain('--json');
  });

  it('lists every command, and those of a family', async () => {
    const all = await run(['--help']);
    expect(all.code).toBe(0);
    for (const { name } of commands) expect(all.out).toContain(name);
    const family = await run(['replay', '--help']);
    expect(family.out).toContain('replay cancel');
    expect(family.out).not.toContain('doctor');
  });

  it.each([
    [[]],
    [['flow']],
    [['flow', 'dance']],
    [['trace']],
    [['trace', 'a', 'b']],
    [['tail', '--colour']],
    [['tail', '--count', 'many']],
    [['replay', 'start', 'records', '--from', 'yesterday', '--reason', 'to see']],
    [['replay', 'start', 'records', '--from', '1h']],
    [['parked', 'retry', '--service', 'mapper', '--reason', 'to see']],
    [['dead-letters', 'requeue', '--all', '--service', 'mapper', '--reason', 'to see']],
    [['dead-letters', 'list', '--status', 'lost']],
    [['resend', 'c1']],
  ])('ends with 2 for %j', async (words) => {
    const { code, out, err } = await run(words);
    expect(code).toBe(2);
    expect(err + out).toContain('Usage: ledgerwire');
  });

  it('says where to put the address when it is known from nowhere', async () => {
    const { code, err } = await run(['connections']);
    expect(code).toBe(1);
    expect(err).toContain('LEDGERWIRE_CONSOLE_URL and LEDGERWIRE_CONSOLE_TOKEN');
    const half = await run(['connections'], {
      environment: { LEDGERWIRE_CONSOLE_URL: 'http://127.0.0.1:1' },
    });
    expect(half.err).toContain('LEDGERWIRE_CONSOLE_TOKEN is not');
  });

  it('names wrong variables and never their values', async () => {
    const environment = { LEDGERWIRE_CONSOLE_URL: 'ftp://secret@host', LEDGERWIRE_CONSOLE_TOKEN: TOKEN };
    const { code, err } = await run(['connections'], { environment });
    expect(code).toBe(1);
    expect(err).toContain('LEDGERWIRE_CONSOLE_URL');
    expect(err).not.toContain('secret');
  });

  it('finds a running start in the folder or above it', async () => {
    const console = await ServiceDouble.start(parked);
    const state = join(folder, '.ledgerwire');
    mkdirSync(join(folder, 'deep', 'down'), { recursive: true });
    mkdirSync(state);
    writeFileSync(join(state, 'run.json'), JSON.stringify({ urls: { console: console.url } }));
    writeFileSync(join(state, 'secrets.json'), JSON.stringify({ consoleToken: TOKEN }));
    const { code, out } = await run(['parked', 'list'], { folder: join(folder, 'deep', 'down') });
    expect([code, out]).toEqual([0, 'Nothing is parked.\n']);
    expect(console.seen[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);

    writeFileSync(join(state, 'run.json'), '{"half of');
    const torn = await run(['parked', 'list'], { folder });
    expect(torn.err).toContain('run.json is not in the form');
    rmSync(join(state, 'run.json'));
    const sandbox = { consoleUrl: console.url, consoleToken: TOKEN, ingressUrl: 'http://127.0.0.1:1' };
    writeFileSync(join(state, 'sandbox.json'), JSON.stringify(sandbox));
    expect((await run(['parked', 'list'], { folder })).code).toBe(0);
  });
});

describe('a service that does not do its part', () => {
  it('is told apart: away, refusing the token, busy, of another kind, refusing the request', async () => {
    const nobody = await run(['connections'], { console: { url: 'http://127.0.0.1:1' } });
    expect(nobody.err).toMatch(/does not answer at http:\/\/127\.0\.0\.1:1 \(.+\)\. Is it running/);

    const cases = [
      [{ status: 401, body: { message: 'no' } }, 'refuses the token (LEDGERWIRE_CONSOLE_URL and'],
      [{ status: 503, body: { message: 'Kafka does not answer.' } }, 'Kafka does not answer. Try again'],
      [{ status: 200, body: { hello: 'world' } }, 'in a form that this version does not know'],
      [{ status: 400, body: { message: [{ path: ['limit'], message: 'too large' }] } }, 'limit too large.'],
      [{ status: 500, body: 'text' }, 'answered 500'],
    ] as const;
    for (const [answer, words] of cases) {
      const console = await ServiceDouble.start({ 'GET /api/connections': answer });
      const { code, out, err } = await run(['connections'], { console });
      expect([code, out]).toEqual([1, '']);
      expect(err).toContain(words);
      expect(err).not.toContain(TOKEN);
    }
  });

  it('does not move the terminal by what it answers', async () => {
    const row = { service: 'a\u001b[2Jb', parkedKey: 'k', connectionId: null, topic: 't', reason: 'r' };
    const times = { attempts: 1, firstParkedAt: 0, nextTryAt: 0 };
    const console = await ServiceDouble.start({
      'GET /api/parked': { body: { total: 1, parked: [{ ...row, ...times }] } },
    });
    const { out } = await run(['parked', 'list'], { console });
    expect(out).toContain('a [2Jb');
    expect(out).not.toContain('\u001b');
  });
});

it('prints what the service answered, whole, with --json', async () => {
  const body = { total: 0, parked: [], more: { than: 'is read' } };
  const console = await ServiceDouble.start({ 'GET /api/parked': { body } });
  const { out } = await run(['parked', 'list', '--service', 'mapper', '--json'], { console });
  expect(JSON.parse(out)).toEqual(body);
  expect(console.seen[0]?.line).toBe('GET /api/parked?service=mapper&limit=200');
});

it('takes times as ISO 8601 and as ages', async () => {
  const replay = {
    replayId: 'r1',
    topic: 'records',
    mode: 'dry-run',
    reason: 'x',
    filter: {},
    status: 'done',
  };
  const rest = { progress: 1, read: 0, replayed: 0, problem: null, createdAt: 0, endedAt: 0, outcomes: [] };
  const console = await ServiceDouble.start({ 'POST /api/replays': { body: { ...replay, ...rest } } });
  const ask = ['replay', 'start', 'records', '--reason', 'to see', '--no-wait'];
  for (const [from, at] of [
    ['2026-11-20', '2026-11-20T00:00:00Z'],
    ['2026-11-20T06:30', '2026-11-20T06:30:00Z'],
    ['2026-11-20T06:30+02:00', '2026-11-20T04:30:00Z'],
    ['12h', '2026-11-20T20:00:00Z'],
  ] as const) {
    await run([...ask, '--from', from], { console, clock: hastyClock() });
    expect(console.sentTo('POST /api/replays').at(-1)).toMatchObject({
      mode: 'dry-run',
      from: Date.parse(at),
    });
  }
});
