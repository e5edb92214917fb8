import { describe, expect, it } from 'vitest';
import { hastyClock, run } from '../testing/run.js';
import { ServiceDouble } from '../testing/service-double.js';

const replay = (over: Record<string, unknown> = {}) => ({
  body: {
    replayId: 'r1',
    topic: 'records',
    mode: 'dry-run',
    reason: 'to see',
    filter: {},
    status: 'running',
    progress: 0.5,
    read: 5,
    replayed: 2,
    problem: null,
    createdAt: 0,
    endedAt: null,
    outcomes: [],
    ...over,
  },
});

describe('replay start', () => {
  it('shows progress and then what would come of it', async () => {
    const done = { status: 'done', progress: 1, read: 10, replayed: 4 };
    const report = [
      { status: 'mapped', count: 3 },
      { status: 'duplicate', count: 1 },
    ];
    const console = await ServiceDouble.start({
      'POST /api/replays': replay(),
      'GET /api/replays/r1': [replay(), replay(done), replay({ ...done, outcomes: report })],
    });
    const words = ['replay', 'start', 'records', '--from', '1h', '--connection', 'c1', '--reason', 'to see'];
    const { code, out, err } = await run(words, { console, clock: hastyClock() });
    expect(code).toBe(0);
    expect(console.sentTo('POST /api/replays')).toMatchObject([
      { topic: 'records', mode: 'dry-run', filter: { connectionId: 'c1' }, reason: 'to see' },
    ]);
    expect(err).toContain('50 % read');
    expect(out).toMatch(/3 +mapped/);
    expect(out).toMatch(/1 +duplicate/);
    expect(out).toContain('Nothing was sent.');
  });

  it('says so when the replay does not move', async () => {
    const stuck = Array.from({ length: 70 }, () => replay());
    const console = await ServiceDouble.start({
      'POST /api/replays': replay(),
      'GET /api/replays/r1': [...stuck, replay({ status: 'done', progress: 1 })],
    });
    const words = ['replay', 'start', 'records', '--from', '1h', '--mode', 'normal', '--reason', 'to see'];
    const { code, err } = await run(words, { console, clock: hastyClock() });
    expect(code).toBe(0);
    expect(err).toContain('It does not move');
  });

  it('tells why its steps fail, how often and when they are tried again', async () => {
    const problem = 'the log is not available (log-unavailable)';
    const console = await ServiceDouble.start({
      'POST /api/replays': replay(),
      'GET /api/replays/r1': [
        replay({ attempts: 1, problem, nextTryAt: Date.UTC(2026, 10, 21, 8) }),
        replay({ status: 'done', progress: 1 }),
      ],
    });
    const words = ['replay', 'start', 'records', '--from', '1h', '--mode', 'normal', '--reason', 'to see'];
    const { code, err } = await run(words, { console, clock: hastyClock() });
    expect(code).toBe(0);
    expect(err).toContain(
      `A step has failed 1 time: ${problem}. It is tried again at 2026-11-21 08:00:00Z; to end it: ledgerwire replay cancel r1`,
    );
  });

  it('fails when the replay fails', async () => {
    const console = await ServiceDouble.start({
      'POST /api/replays': replay(),
      'GET /api/replays/r1': replay({ status: 'failed', problem: 'undecodable' }),
    });
    const words = ['replay', 'start', 'records', '--from', '1h', '--mode', 'normal', '--reason', 'to see'];
    const { code, err } = await run(words, { console, clock: hastyClock() });
    expect(code).toBe(1);
    expect(err).toContain('undecodable');
  });

  it('asks before a forced one', async () => {
    const console = await ServiceDouble.start({ 'POST /api/replays': replay() });
    const words = ['replay', 'start', 'messages', '--from', '1h', '--mode', 'forced', '--reason', 'to see'];
    const refused = await run([...words, '--no-wait'], { console, ask: () => Promise.resolve('n') });
    expect([refused.code, console.seen]).toEqual([2, []]);
    expect((await run(words, { console })).err).toContain('--yes');
    expect((await run([...words, '--yes', '--no-wait'], { console })).code).toBe(0);
  });
});

describe('resend', () => {
  const at = Date.parse('2026-11-21T08:00:00Z');
  const command = {
    commandId: 'c1',
    flowId: 'f1',
    flowStep: 's1',
    businessEvent: 'invoice/1/issued',
    channel: 'sms',
    recipient: '+44••56',
    messageSid: 'SM1',
    result: 'failed',
    startedAt: at,
    endedAt: at + 5_000,
  };
  const trace = {
    id: 'c1',
    startedAt: at,
    durationMs: 5_000,
    vendor: 'xero',
    connectionId: 'x1',
    entityType: 'invoice',
    entityId: '1',
    entityNumber: 'INV-1',
    records: [],
    commands: [command],
    notSent: [],
    steps: [],
  };
  const words = ['resend', 'c1', '--reason', 'the phone was off', '--yes'];

  it('forces a replay of that one command, with the reason', async () => {
    const console = await ServiceDouble.start({
      'GET /api/traces/c1': { body: trace },
      'POST /api/replays': replay(),
      'GET /api/replays/r1': replay({ status: 'done', progress: 1, replayed: 1 }),
    });
    const { code, out } = await run(words, { console, clock: hastyClock() });
    expect(code).toBe(0);
    expect(out).toContain('sms to +44••56, failed');
    expect(console.sentTo('POST /api/replays')).toEqual([
      {
        topic: 'messages',
        mode: 'forced',
        from: at - 600_000,
        to: at + 605_000,
        filter: { commandId: 'c1' },
        reason: 'the phone was off',
      },
    ]);
  });

  it('says when the log does not have it any more', async () => {
    const console = await ServiceDouble.start({
      'GET /api/traces/c1': { body: trace },
      'POST /api/replays': replay(),
      'GET /api/replays/r1': replay({ status: 'done', progress: 1, replayed: 0 }),
    });
    const { code, err } = await run(words, { console, clock: hastyClock() });
    expect(code).toBe(1);
    expect(err).toContain('kept for 30 days');
  });

  it('takes no id but that of a command', async () => {
    const console = await ServiceDouble.start({ 'GET /api/traces/INV-1': { body: trace } });
    const { code, err } = await run(['resend', 'INV-1', '--reason', 'why not', '--yes'], { console });
    expect(code).toBe(1);
    expect(err).toContain('Its commands are: c1.');
  });
});

describe('trace', () => {
  it('asks about one workspace where that is said', async () => {
    const console = await ServiceDouble.start({});
    await run(['trace', 'INV-0001'], { console });
    await run(['trace', 'INV-0001', '--workspace', 'acme & co'], { console });
    expect(console.seen.map(({ line }) => line)).toEqual([
      'GET /api/traces/INV-0001',
      'GET /api/traces/INV-0001?workspaceId=acme+%26+co',
    ]);
  });

  it('says when several workspaces have such an id', async () => {
    const facts = { id: 'INV-1', startedAt: 0, durationMs: 0, vendor: 'xero', connectionId: 'x1' };
    const entity = { entityType: 'invoice', entityId: '1', entityNumber: 'INV-1' };
    const body = {
      ...facts,
      ...entity,
      workspaceIds: ['a', 'b'],
      records: [],
      commands: [],
      notSent: [],
      steps: [],
    };
    const console = await ServiceDouble.start({ 'GET /api/traces/INV-1': { body } });
    expect((await run(['trace', 'INV-1'], { console })).out).toContain('a b (--workspace shows one)');
  });
});

describe('parked work and dead letters', () => {
  it('narrows what is tried again', async () => {
    const console = await ServiceDouble.start({ 'POST /api/parked': { body: { requestId: 'q1' } } });
    const words = ['parked', 'retry', 'k1', 'k2', '--service', 'mapper', '--reason', 'limit raised'];
    expect((await run(words, { console })).code).toBe(0);
    expect(console.sentTo('POST /api/parked')).toEqual([
      { service: 'mapper', action: 'retry-now', reason: 'limit raised', parkedKeys: ['k1', 'k2'] },
    ]);
  });

  it('fails when some dead letters stay, and names them', async () => {
    const left = [{ deadLetterId: 'd2', problem: 'Its bytes are gone.' }];
    const console = await ServiceDouble.start({
      'POST /api/dead-letters/requeue': { body: { requeued: 1, left } },
    });
    const words = ['dead-letters', 'requeue', '--service', 'mapper', '--reason', 'mended'];
    const { code, out } = await run(words, { console });
    expect(code).toBe(1);
    expect(out).toContain('1 dead letter brought again.');
    expect(out).toContain('Its bytes are gone.');
    expect(console.sentTo('POST /api/dead-letters/requeue')).toEqual([
      { filter: { service: 'mapper' }, reason: 'mended' },
    ]);
  });
});

describe('doctor', () => {
  const summary = (state: string, failing: string[] = []) => ({
    body: { since: 0, counts: [], services: [{ name: 'mapper-1', state, failing }] },
  });
  const row = {
    connectionId: 'c1',
    workspaceId: 'acme',
    vendor: 'xero',
    accountId: 'a',
    displayName: 'Acme',
    status: 'active',
    updatedAt: 0,
  };
  const healthy = {
    'GET /api/summary': summary('up'),
    'GET /api/connections': { body: { connections: [row] } },
    'GET /api/parked': { body: { total: 0, parked: [] } },
    'GET /api/dead-letters': { body: { deadLetters: [] } },
  };

  it('is content when all is well', async () => {
    const console = await ServiceDouble.start(healthy);
    const broker = await ServiceDouble.start({ 'GET /alerts': { body: { alerts: [] } } });
    const { code, out } = await run(['doctor'], { console, broker });
    expect(code).toBe(0);
    expect(out.split('\n').filter((line) => !line.startsWith('✓'))).toEqual(['']);
  });

  it('tells of a token that cannot be refreshed while the connection still works', async () => {
    const refreshFailing = { since: 0, detail: 'The vendor cannot be reached' };
    const console = await ServiceDouble.start({
      ...healthy,
      'GET /api/connections': { body: { connections: [{ ...row, refreshFailing }] } },
    });
    const { out } = await run(['doctor'], { console });
    expect(out).toContain('The token of Acme (c1) cannot be refreshed: The vendor cannot be reached.');
    expect((await run(['connections'], { console })).out).toContain('active, refresh-failing');
  });

  it('says of each trouble what to do', async () => {
    const parked = { service: 'fetcher', parkedKey: 'k', connectionId: 'c1', topic: 't' };
    const times = { attempts: 1, firstParkedAt: 0, nextTryAt: 0 };
    const letter = { deadLetterId: 'd', status: 'open', at: 0, service: 'mapper', originTopic: 'records' };
    const console = await ServiceDouble.start({
      'GET /api/summary': summary('down', ['kafka']),
      'GET /api/connections': { body: { connections: [{ ...row, status: 'needs-reauthorisation' }] } },
      'GET /api/parked': {
        body: { total: 1, parked: [{ ...parked, ...times, reason: 'vendor-day-limit' }] },
      },
      'GET /api/dead-letters': {
        body: { deadLetters: [{ ...letter, errorCode: 'undecodable', errorMessage: 'x', attempts: 1 }] },
      },
    });
    const { code, out } = await run(['doctor'], { console });
    expect(code).toBe(1);
    for (const words of [
      'mapper-1 is not ready: kafka down.',
      'LEDGERWIRE_TOKEN_BROKER_URL',
      'ledgerwire connect xero --workspace acme',
      'ledgerwire parked retry --service fetcher --parked-for vendor-day-limit',
      'ledgerwire dead-letters requeue --service mapper --error undecodable',
    ])
      expect(out).toContain(words);
  });

  it('looks on when one part cannot be looked at, and stops without a console', async () => {
    const console = await ServiceDouble.start({ ...healthy, 'GET /api/parked': { status: 503, body: {} } });
    const { code, out } = await run(['doctor', '--json'], { console });
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ ok: false });
    expect(out).toContain('No dead letter is open.');
    const away = await run(['doctor'], { console: { url: 'http://127.0.0.1:1' } });
    expect(away.out.trimEnd().split('\n')).toHaveLength(1);
  });
});
