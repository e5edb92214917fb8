import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../testing/run.js';
import { ServiceDouble } from '../../testing/service-double.js';

const YAML = '# Ours\nid: notices\nname: Notices\nsteps: []\n';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ledgerwire-flow-'));
  writeFileSync(join(folder, 'notices.yaml'), YAML);
});
afterEach(() => rmSync(folder, { recursive: true }));

const flow = (over: Record<string, unknown> = {}) => ({
  flowId: 'notices',
  version: 3,
  workspaceId: 'acme',
  enabled: true,
  sourceConnectionId: 'c1',
  targetConnectionId: 'c2',
  yaml: YAML.replace('Notices', 'Old notices'),
  appliedBy: null,
  appliedAt: 0,
  ...over,
});

describe('flow apply', () => {
  it('applies on top of the version that is in force', async () => {
    const applied = { flow: flow({ version: 4 }), published: false, warnings: ['Connection c2 is paused.'] };
    const console = await ServiceDouble.start({
      'GET /api/flows/notices': { body: flow() },
      'PUT /api/flows/notices': { body: applied },
    });
    const { code, out, err } = await run(['flow', 'apply', 'notices.yaml'], { console, folder });
    expect(code).toBe(0);
    expect(console.sentTo('PUT /api/flows/notices')).toEqual([{ yaml: YAML, enabled: true }]);
    expect(console.seen.at(-1)?.headers['if-match']).toBe('"3"');
    expect(out).toContain('Version 4 of flow notices is in force.\nThe services get it');
    expect(err).toContain('Connection c2 is paused.');
  });

  it('makes a new flow where there is none', async () => {
    const applied = { flow: flow({ version: 1 }), published: true, warnings: [] };
    const console = await ServiceDouble.start({ 'PUT /api/flows/notices': { body: applied } });
    expect((await run(['flow', 'apply', 'notices.yaml'], { console, folder })).code).toBe(0);
    expect(console.seen.at(-1)?.headers['if-match']).toBe('"0"');
  });

  it('leaves what is in force already as it is', async () => {
    const console = await ServiceDouble.start({ 'GET /api/flows/notices': { body: flow({ yaml: YAML }) } });
    const { code, out } = await run(['flow', 'apply', 'notices.yaml'], { console, folder });
    expect([code, console.sentTo('PUT /api/flows/notices')]).toEqual([0, []]);
    expect(out).toContain('in force already, as version 3');
  });

  it('says what is wrong by file, line and column', async () => {
    const problems = [{ path: 'steps', line: 4, column: 8, message: 'must not be empty' }];
    const console = await ServiceDouble.start({
      'PUT /api/flows/notices': { status: 422, body: { message: 'The flow has problems.', problems } },
    });
    const { code, err } = await run(['flow', 'apply', 'notices.yaml'], { console, folder });
    expect([code, err]).toEqual([1, 'notices.yaml:4:8: steps: must not be empty\n']);
  });

  it('does not overwrite what somebody else has applied meanwhile', async () => {
    const console = await ServiceDouble.start({
      'GET /api/flows/notices': { body: flow() },
      'PUT /api/flows/notices': { status: 412, body: { message: 'Version 4 is in force.' } },
    });
    const { code, err } = await run(['flow', 'apply', 'notices.yaml'], { console, folder });
    expect(code).toBe(1);
    expect(err).toContain('Version 4 is in force. See what it changes: ledgerwire flow diff notices.yaml');
  });

  it('needs a file that can be read, is YAML and has an id', async () => {
    writeFileSync(join(folder, 'torn.yaml'), 'id: [');
    writeFileSync(join(folder, 'nameless.yaml'), 'name: x');
    const errors = await Promise.all(
      ['nowhere.yaml', 'torn.yaml', 'nameless.yaml'].map((file) => run(['flow', 'apply', file], { folder })),
    );
    expect(errors.map(({ code }) => code)).toEqual([1, 1, 1]);
    expect(errors[0]?.err).toContain('nowhere.yaml cannot be read (ENOENT)');
    expect(errors[1]?.err).toMatch(/torn\.yaml:\d+:\d+: /);
    expect(errors[2]?.err).toContain('has no id');
  });
});

describe('a ready flow', () => {
  const READY = `${YAML}workspace: my-company # yours\nsource: my-xero\ntarget: my-twilio\n`;
  const connection = (connectionId: string, vendor: string, workspaceId = 'acme', status = 'active') => ({
    connectionId,
    vendor,
    workspaceId,
    status,
    accountId: 'a',
    displayName: `Account ${connectionId}`,
    updatedAt: 0,
  });
  const applied = { flow: flow({ version: 1 }), published: true, warnings: [] };

  /** Applies it where there are these connections; answers what the console was told, or what was said. */
  async function apply(connections: readonly object[], ...options: readonly string[]) {
    writeFileSync(join(folder, 'ready.yaml'), READY);
    const console = await ServiceDouble.start({
      'GET /api/connections': { body: { connections } },
      'PUT /api/flows/notices': { body: applied },
      'PUT /api/flows/other': { body: applied },
    });
    const ran = await run(['flow', 'apply', 'ready.yaml', ...options], { console, folder });
    const sent = console.seen.find(({ line }) => line.startsWith('PUT '));
    return { ...ran, path: sent?.line, yaml: (sent?.body as { yaml: string } | undefined)?.yaml };
  }

  it('takes the one connection of each vendor, and says so', async () => {
    const { code, err, yaml } = await apply([
      connection('x1', 'xero'),
      connection('x0', 'xero', 'acme', 'disconnected'),
      connection('t1', 'twilio'),
      connection('t2', 'twilio', 'other'),
    ]);
    expect([code, err]).toEqual([
      0,
      'For workspace acme: from x1 (xero: Account x1) to t1 (twilio: Account t1).\n',
    ]);
    expect(yaml).toBe(`${YAML}workspace: acme # yours\nsource: x1\ntarget: t1\n`);
  });

  it('lists what there is where it is not clear what is meant', async () => {
    const two = [connection('x1', 'xero'), connection('x2', 'xero', 'other'), connection('t1', 'twilio')];
    const { code, err } = await apply(two);
    expect(code).toBe(2);
    expect(err).toContain('source my-xero: say which connection is meant by --connection ID. There are:');
    expect(err).toContain('  x2 (xero: Account x2), workspace other');
    expect((await apply([connection('x1', 'xero')])).err).toContain(
      'there is no connection of vendor twilio in workspace acme. Make one with: ledgerwire connect twilio',
    );
    expect((await apply(two, '--connection', 'x9')).err).toContain('there is no connection x9');
    expect((await apply(two, '--workspace', 'acme', '--connection', 'x2')).err).toContain('neither vendor');
  });

  it('takes the workspace, connections and id that are said', async () => {
    const many = [
      connection('x1', 'xero'),
      connection('x2', 'xero'),
      connection('t1', 'twilio'),
      connection('t2', 'twilio'),
    ];
    const said = await apply(many, '--connection', 't2', '--connection', 'x2', '--id', 'other');
    expect(said.path).toBe('PUT /api/flows/other');
    expect(said.yaml).toMatch(/^# Ours\nid: other\n[^]*source: x2\ntarget: t2\n$/);
    const elsewhere = [...many.slice(1), connection('x3', 'xero', 'w2'), connection('t3', 'twilio', 'w2')];
    expect((await apply(elsewhere, '--workspace', 'w2')).yaml).toContain('workspace: w2 # yours\nsource: x3');
  });

  it('is tried with the record’s own connection unless another is said', async () => {
    writeFileSync(join(folder, 'ready.yaml'), READY);
    const console = await ServiceDouble.start({
      'GET /api/connections': {
        body: { connections: [connection('x1', 'xero'), connection('t1', 'twilio')] },
      },
      'POST /api/flows/test': { status: 404, body: { message: 'No record.' } },
    });
    const words = ['flow', 'test', 'ready.yaml', '--record', 'INV-1'];
    await run(words, { console, folder });
    await run([...words, '--connection', 'x1'], { console, folder });
    const sources = console
      .sentTo('POST /api/flows/test')
      .map((body) => /source: .*/.exec(JSON.stringify(body))?.[0]);
    expect(sources.map((text) => text?.slice(0, 10))).toEqual(['source: my', 'source: x1']);
  });
});

describe('flow diff', () => {
  it('shows the lines that differ', async () => {
    const console = await ServiceDouble.start({ 'GET /api/flows/notices': { body: flow() } });
    const words = ['flow', 'diff', 'notices.yaml'];
    const { code, out } = await run(words, { console, folder });
    expect(code).toBe(0);
    expect(out.trimEnd().split('\n')).toEqual([
      '--- flow notices, version 3',
      '+++ notices.yaml',
      '@@ line 1 → 1 @@',
      ' # Ours',
      ' id: notices',
      '-name: Old notices',
      '+name: Notices',
      ' steps: []',
    ]);
    expect((await run([...words, '--exit-code'], { console, folder })).code).toBe(1);
  });
});

describe('flow enable and disable', () => {
  it('makes a version that differs in nothing else, and none where nothing changes', async () => {
    const applied = { flow: flow({ version: 4, enabled: false }), published: true, warnings: [] };
    const console = await ServiceDouble.start({
      'GET /api/flows/notices': { body: flow() },
      'PUT /api/flows/notices': { body: applied },
    });
    expect((await run(['flow', 'enable', 'notices'], { console })).out).toContain('is on already');
    expect((await run(['flow', 'disable', 'notices'], { console })).out).toContain('is off (version 4)');
    expect(console.sentTo('PUT /api/flows/notices')).toEqual([{ yaml: flow().yaml, enabled: false }]);
  });
});

describe('flow export', () => {
  it('writes each flow as it was applied, and does not replace files unasked', async () => {
    const console = await ServiceDouble.start({
      'GET /api/flows': { body: { flows: [flow(), flow({ flowId: 'thanks', yaml: 'id: thanks\n' })] } },
      'GET /api/flows/notices': { body: flow() },
    });
    expect((await run(['flow', 'export'], { console, folder })).code).toBe(2);
    expect((await run(['flow', 'export', 'notices'], { console, folder })).out).toBe(flow().yaml);
    const words = ['flow', 'export', '--folder', 'out'];
    expect((await run(words, { console, folder })).out).toContain('2 flows written.');
    expect(readFileSync(join(folder, 'out', 'thanks.yaml'), 'utf8')).toBe('id: thanks\n');
    expect((await run(words, { console, folder })).err).toContain('--overwrite replaces it');
    expect((await run([...words, '--overwrite'], { console, folder })).code).toBe(0);
  });

  it('does not write where a strange name leads', async () => {
    const console = await ServiceDouble.start({
      'GET /api/flows': { body: { flows: [flow({ flowId: '../../away' })] } },
    });
    expect((await run(['flow', 'export', '--folder', 'out'], { console, folder })).code).toBe(1);
  });
});

it('flow test shows what would be sent to whom and why, and why not', async () => {
  const answer = {
    record: {
      recordId: 'r1',
      connectionId: 'c1',
      entityType: 'invoice',
      entityId: 'i1',
      entityNumber: 'INV-1',
      fetchedAt: 0,
    },
    related: [{ entityType: 'contact', entityId: 'k1', found: true }],
    messages: [
      {
        stepId: 'issued',
        businessEvent: 'invoice/i1/issued',
        at: Date.parse('2026-11-24T08:00:00Z'),
        because: 'quiet-hours',
        recipientKind: 'customer',
        recipient: '+44••••••••56',
        channel: 'sms',
        subject: null,
        body: 'Invoice INV-1\nis due.',
        size: { segments: 2, cost: { amount: '0.08', currency: 'GBP' } },
        detail: null,
      },
    ],
    silences: [
      { stepId: 'large', businessEvent: null, reason: 'condition-not-met', detail: 'The amount is less.' },
    ],
    contactChanges: 0,
    warnings: ['The flow is for connection my-xero.'],
  };
  const console = await ServiceDouble.start({ 'POST /api/flows/test': { body: answer } });
  const { code, out } = await run(['flow', 'test', 'notices.yaml', '--record', 'INV-1'], { console, folder });
  expect(code).toBe(0);
  expect(console.sentTo('POST /api/flows/test')).toEqual([{ yaml: YAML, recordId: 'INV-1' }]);
  for (const words of [
    '1 message would be sent:',
    '2026-11-24 08:00:00Z, after quiet hours',
    '+44••••••••56 (customer), by sms',
    '2 segments',
    '0.08 GBP',
    '  │ Invoice INV-1\n  │ is due.',
    'condition-not-met  The amount is less.',
    'Note: The flow is for connection my-xero.',
  ])
    expect(out).toContain(words);
});
