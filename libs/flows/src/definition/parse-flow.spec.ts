import { describe, expect, it } from 'vitest';
import { InlineRenderer } from '../templates/inline-renderer.js';
import { checkFlow } from './check-flow.js';
import type { Flow } from './flow.js';
import type { FlowProblem } from './flow-problems.js';
import { loadFlow, parseFlow } from './parse-flow.js';

const HEAD = `apiVersion: ledgerwire/v1
id: notices
name: Notices
workspace: acme
source: books
target: phone
`;

/** A step of which `lines` are added at its own indentation. */
function withStep(...lines: string[]): string {
  return `${HEAD}steps:\n  - id: one\n${lines.map((line) => `    ${line}\n`).join('')}`;
}

const COMPLETE = ['when: invoice.issued', 'to: customer', 'channel: sms', 'template: hello'];

function flowOf(yaml: string): Flow {
  const parsed = parseFlow(yaml);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.flow;
}

function problemsOf(yaml: string): readonly FlowProblem[] {
  const parsed = parseFlow(yaml);
  return parsed.ok ? [] : parsed.problems;
}

describe('parseFlow', () => {
  it('reads the smallest flow with its defaults', () => {
    expect(flowOf(withStep(...COMPLETE))).toEqual({
      id: 'notices',
      name: 'Notices',
      workspaceId: 'acme',
      version: 0,
      enabled: true,
      sourceConnectionId: 'books',
      targetConnectionId: 'phone',
      locale: 'en',
      activeFrom: null,
      holidays: new Set(),
      quietHours: null,
      dailyCap: null,
      smsPrices: new Map(),
      contactSync: null,
      steps: [
        {
          id: 'one',
          trigger: 'invoice.issued',
          schedule: null,
          condition: null,
          branches: [
            {
              condition: null,
              delivery: {
                recipients: { contact: 'customer', staff: { phones: [], emails: [] }, lists: [] },
                channels: ['sms'],
                templates: { text: 'hello', sms: null, subject: null, html: null },
                sender: { sms: null, email: null },
                uncertainPolicy: 'never',
                notAfterMs: null,
              },
            },
          ],
          escalation: null,
          fallback: null,
          roots: new Set(),
          maxAgeMs: 30 * 86_400_000,
          urgent: false,
        },
      ],
    });
  });

  it('reads schedules, staff lists, senders, policies and branches', () => {
    const flow = flowOf(`${HEAD}country: GB
uncertainPolicy: ask
staff:
  team: { phones: ["07700 900123"], emails: [Team@Example.com] }
steps:
  - id: overdue
    when: invoice.overdue
    days: [10, 3, 10]
    at: 08:30
    businessDays: true
    catchUp: 6h
    to: [customer, { staff: team }, { staff: { emails: [boss@example.com] } }]
    channel: [email, sms]
    sender: { sms: MG0123456789abcdef0123456789abcdef }
    notAfter: 90m
    template: { text: t, subject: s }
    choose:
      - if: { group: Corporate }
        template: { text: c, subject: s }
        uncertainPolicy: repeat-after:30
    escalate: { from: 10, to: { staff: team }, channel: sms, template: e }
`);
    const [step] = flow.steps;
    expect(step?.schedule).toEqual({
      days: [3, 10],
      at: '08:30',
      businessDays: true,
      zone: 'company',
      grouped: false,
      catchUpMs: 6 * 3_600_000,
    });
    expect(step?.branches).toMatchObject([
      {
        condition: { kind: 'group', names: ['Corporate'] },
        delivery: {
          templates: { text: 'c' },
          uncertainPolicy: 'repeat-after:30',
          channels: ['email', 'sms'],
        },
      },
      {
        condition: null,
        delivery: {
          recipients: {
            contact: 'customer',
            staff: { phones: ['+447700900123'], emails: ['Team@example.com', 'boss@example.com'] },
          },
          sender: { sms: 'MG0123456789abcdef0123456789abcdef', email: null },
          uncertainPolicy: 'ask',
          notAfterMs: 5_400_000,
        },
      },
    ]);
    expect(step?.escalation).toMatchObject({
      fromDays: 10,
      delivery: { recipients: { contact: null }, notAfterMs: 5_400_000 },
    });
  });

  it('keeps the parts of the data that a step reads, so that nothing is fetched for nothing', () => {
    const flow = flowOf(
      withStep(
        'when: payment.received',
        'to: customer',
        'channel: sms',
        'template: "{{ payment.amount | money }}"',
        'if: { country: GB }',
      ),
    );
    expect([...(flow.steps[0]?.roots ?? [])].sort()).toEqual(['contact', 'payment']);
  });

  it.each<[string, string, { path: string; line: number; message: RegExp }]>([
    [
      'a missing key',
      HEAD.replace('name: Notices\n', '') + 'steps: []',
      { path: 'name', line: 1, message: /“name” is missing/ },
    ],
    ['no steps', `${HEAD}steps: []`, { path: 'steps', line: 7, message: /at least one step/ }],
    [
      'another version',
      withStep(...COMPLETE).replace('/v1', '/v9'),
      { path: 'apiVersion', line: 1, message: /ledgerwire\/v1/ },
    ],
    [
      'a misspelt key',
      withStep(...COMPLETE, 'tempalte: x'),
      { path: 'steps[0].tempalte', line: 13, message: /did you mean template/ },
    ],
    [
      'an unknown trigger',
      withStep('when: invoice.posted', ...COMPLETE.slice(1)),
      { path: 'steps[0].when', line: 9, message: /invoice\.issued, invoice\.sent/ },
    ],
    [
      'a channel that is none',
      withStep(...COMPLETE.slice(0, 2), 'channel: fax', 'template: x'),
      { path: 'steps[0].channel', line: 11, message: /sms, email, or a list/ },
    ],
    [
      'a missing recipient',
      withStep(COMPLETE[0] ?? '', 'channel: sms', 'template: x'),
      { path: 'steps[0].to', line: 8, message: /“to” is missing/ },
    ],
    [
      'an e-mail without a subject',
      withStep('when: invoice.paid', 'to: customer', 'channel: [sms, email]', 'template: x'),
      { path: 'steps[0].template', line: 12, message: /needs a subject/ },
    ],
    [
      'an overdue step without days',
      withStep('when: invoice.overdue', ...COMPLETE.slice(1)),
      { path: 'steps[0].days', line: 8, message: /days: \[3, 10\]/ },
    ],
    [
      'days where they mean nothing',
      withStep(...COMPLETE, 'days: 3'),
      { path: 'steps[0].days', line: 13, message: /overdue and invoice\.due-soon only/ },
    ],
    [
      'a time that is none',
      withStep('when: invoice.overdue', 'days: 3', 'at: 9am', ...COMPLETE.slice(1)),
      { path: 'steps[0].at', line: 11, message: /"09:00"/ },
    ],
    [
      'a duration that is none',
      withStep(...COMPLETE, 'notAfter: soon'),
      { path: 'steps[0].notAfter', line: 13, message: /24h/ },
    ],
    [
      'a policy that is none',
      withStep(...COMPLETE, 'uncertainPolicy: always'),
      { path: 'steps[0].uncertainPolicy', line: 13, message: /repeat-after/ },
    ],
    [
      'an unknown staff list',
      withStep('when: invoice.paid', 'to: { staff: team }', 'channel: sms', 'template: x'),
      { path: 'steps[0].to.staff', line: 10, message: /no list “team”/ },
    ],
    [
      'a phone number without a country',
      withStep(
        'when: invoice.paid',
        'to: { staff: { phones: ["07700 900123"] } }',
        'channel: sms',
        'template: x',
      ),
      { path: 'steps[0].to.staff.phones[0]', line: 10, message: /country code/ },
    ],
    [
      'a landline for text messages',
      `${HEAD}country: GB\n${withStep('when: invoice.paid', 'to: { staff: { phones: ["020 7946 0018"] } }', 'channel: sms', 'template: x').slice(HEAD.length)}`,
      { path: 'steps[0].to.staff.phones[0]', line: 11, message: /mobile/ },
    ],
    [
      'an address that is none',
      withStep(
        'when: invoice.paid',
        'to: { staff: { emails: [nobody] } }',
        'channel: email',
        'template: { text: x, subject: x }',
      ),
      { path: 'steps[0].to.staff.emails[0]', line: 10, message: /valid e-mail/ },
    ],
    [
      'one sender for two channels',
      withStep(
        'when: invoice.paid',
        'to: customer',
        'channel: [sms, email]',
        'template: { text: x, subject: x }',
        'sender: "+447700900123"',
      ),
      { path: 'steps[0].sender', line: 13, message: /more than one channel/ },
    ],
    [
      'a sender that is none',
      withStep(...COMPLETE, 'sender: my very long company name'),
      { path: 'steps[0].sender', line: 13, message: /Messaging Service/ },
    ],
    [
      'an empty condition',
      withStep(...COMPLETE, 'if: {}'),
      { path: 'steps[0].if', line: 13, message: /empty condition/ },
    ],
    [
      'a comparison without a field',
      withStep(...COMPLETE, 'if: { above: 3 }'),
      { path: 'steps[0].if', line: 13, message: /needs a field/ },
    ],
    [
      'a field without a comparison',
      withStep(...COMPLETE, 'if: { field: invoice.total }'),
      { path: 'steps[0].if', line: 13, message: /how to compare/ },
    ],
    [
      'an unknown field',
      withStep(...COMPLETE, 'if: { field: invoice.totl, above: 3 }'),
      { path: 'steps[0].if', line: 13, message: /did you mean invoice\.total/ },
    ],
    [
      'a field of another trigger',
      withStep(...COMPLETE, 'if: { field: payment.amount, above: 3 }'),
      { path: 'steps[0].if', line: 13, message: /not available for invoice\.issued/ },
    ],
    [
      'an amount compared with a word',
      withStep(...COMPLETE, 'if: { field: invoice.total, above: much }'),
      { path: 'steps[0].if', line: 13, message: /with a number/ },
    ],
    [
      'a condition deep inside another',
      withStep(...COMPLETE, 'if:', '  or:', '    - group: VIP', '    - not: { grup: VIP }'),
      { path: 'steps[0].if.or[1].not.grup', line: 16, message: /did you mean group/ },
    ],
    [
      'a choice that hides the rest',
      withStep(...COMPLETE, 'choose: [{ template: y }]'),
      { path: 'steps[0].choose[0]', line: 13, message: /could never be/ },
    ],
    [
      'an escalation without recipients',
      withStep('when: invoice.overdue', 'days: 3', ...COMPLETE.slice(1), 'escalate: { template: x }'),
      { path: 'steps[0].escalate.to', line: 14, message: /“to” is missing/ },
    ],
    [
      'a language that is none',
      `${HEAD}locale: english please\n${withStep(...COMPLETE).slice(HEAD.length)}`,
      { path: 'locale', line: 7, message: /language tag/ },
    ],
    [
      'the same step id twice',
      `${withStep(...COMPLETE)}  - { id: one, when: invoice.paid, to: customer, channel: sms, template: x }\n`,
      { path: 'steps[1].id', line: 13, message: /already/ },
    ],
    ['YAML that is none', `${HEAD}steps: [`, { path: '', line: 7, message: /./ }],
    ['the same key twice', `${HEAD}name: again\nsteps: []`, { path: '', line: 7, message: /unique/i }],
    ['a text instead of a flow', 'hello', { path: '', line: 1, message: /object/ }],
    ['nothing', '', { path: '', line: 1, message: /./ }],
  ])('reports %s with its place and what to do', (_, yaml, expected) => {
    const problem = problemsOf(yaml).find(({ path }) => path === expected.path);
    expect(problem?.message).toMatch(expected.message);
    expect(problem?.line).toBe(expected.line);
  });

  it.each<[string, string[], { line: number; column: number; message: RegExp }]>([
    [
      'an unknown variable in a one-line text',
      ['template: "Hi {{ invoice.nmber }}"'],
      { line: 12, column: 22, message: /did you mean invoice\.number/ },
    ],
    [
      'an unknown variable in a block text',
      ['template: |', '  Hello', '  and {{ contcat.name }}'],
      { line: 14, column: 14, message: /did you mean contact/ },
    ],
    [
      'an unknown variable in a branch that no sample enters',
      ['template: "{% if false %}{{ invoice.foo }}{% endif %}x"'],
      { line: 12, column: 33, message: /no “invoice\.foo”/ },
    ],
    [
      'an unknown field of a list item',
      ['template: "{% for line in invoice.lines %}{{ line.price }}{% endfor %}"'],
      { line: 12, column: 50, message: /no “line\.price”/ },
    ],
    [
      'an unknown field of a nested list item',
      [
        'template: "{% for l in invoice.lines %}{% for t in l.tracking %}{{ t.name }}{% endfor %}{% endfor %}"',
      ],
      { line: 12, column: 72, message: /no “t\.name”/ },
    ],
    [
      'data of another trigger',
      ['template: "{{ payment.amount | money }}"'],
      { line: 12, column: 19, message: /not available for invoice\.issued/ },
    ],
    [
      'an unknown filter',
      ['template: "{{ invoice.total | dollars }}"'],
      { line: 12, column: 16, message: /undefined filter: dollars; there are .*money/ },
    ],
    [
      'a tag that is not allowed',
      ['template: "{% include x %}"'],
      { line: 12, column: 16, message: /tag "include" not found/ },
    ],
    [
      'a tag left open',
      ['template: "{% if invoice.isPaid %}x"'],
      { line: 12, column: 16, message: /not closed/ },
    ],
    [
      'an HTML part',
      ['template: { text: x, subject: x, html: "<p>{{ invoice.foo }}</p>" }'],
      { line: 12, column: 51, message: /no “invoice\.foo”/ },
    ],
  ])('reports %s at its line and column', (_, lines, expected) => {
    const yaml = withStep('when: invoice.issued', 'to: customer', 'channel: email', ...lines);
    const problem = problemsOf(yaml).find(({ message }) => expected.message.test(message));
    expect(problem).toMatchObject({ line: expected.line, column: expected.column });
  });

  it('accepts what Liquid itself brings and what a template names for itself', () => {
    const template =
      '{% assign who = contact.firstName | default: contact.name %}{{ who }}{{ contact.groups.size }}{{ contact.groups.first }}{% for g in contact.groups %}{{ forloop.index }}{{ g }}{% endfor %}{{ tracking.Region }}{{ tracking["Cost centre"] }}{{ invoice.lines[0].description }}{{ today | date }}{{ event }}';
    expect(
      problemsOf(withStep('when: invoice.issued', 'to: customer', 'channel: sms', `template: '${template}'`)),
    ).toEqual([]);
  });

  it('refuses a file that multiplies itself by aliases', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefgh'
        .split('')
        .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefg'[index]}`).join(',')}]`),
    ].join('\n');
    expect(problemsOf(bomb)[0]?.message).toMatch(/aliases/);
  });

  it('reports all problems at once, in the order of the file', () => {
    const problems = problemsOf(
      withStep('when: invoice.overdue', 'days: 400', 'to: nobody', 'channel: fax', 'template: ""'),
    );
    expect(problems.map(({ path }) => path)).toEqual([
      'steps[0].days',
      'steps[0].to',
      'steps[0].channel',
      'steps[0].template',
    ]);
  });
});

describe('loadFlow', () => {
  const definition = {
    flowId: 'notices',
    workspaceId: 'acme',
    version: 4,
    enabled: true,
    sourceConnectionId: 'books',
    targetConnectionId: 'phone',
    yaml: withStep(...COMPLETE),
    updatedAt: 0,
  };

  it('puts the applied version and switch in', () => {
    expect(loadFlow(definition)).toMatchObject({ ok: true, flow: { version: 4, enabled: true } });
    expect(loadFlow({ ...definition, enabled: false })).toMatchObject({ ok: true, flow: { enabled: false } });
  });

  it('refuses a file that is not the applied flow', () => {
    expect(loadFlow({ ...definition, sourceConnectionId: 'other' })).toMatchObject({
      ok: false,
      problems: [{ path: 'source' }],
    });
  });
});

describe('checkFlow', () => {
  it('finds what only rendering shows, at its place in the file', async () => {
    const yaml = withStep(
      'when: invoice.issued',
      'to: customer',
      'channel: sms',
      'template: |',
      '  first line',
      '  {{ contact.name | money }}',
    );
    expect(parseFlow(yaml).ok).toBe(true);
    expect(await checkFlow(yaml, new InlineRenderer())).toMatchObject({
      ok: false,
      problems: [
        {
          path: 'steps[0].template',
          line: 14,
          column: 7,
          message: expect.stringMatching(/money takes an amount/) as string,
        },
      ],
    });
  });

  it('finds a text that is too long for its channel', async () => {
    const yaml = withStep(
      'when: invoice.issued',
      'to: customer',
      'channel: sms',
      `template: "${'x'.repeat(1_601)}"`,
    );
    expect(await checkFlow(yaml, new InlineRenderer())).toMatchObject({
      ok: false,
      problems: [{ message: expect.stringMatching(/longer than 1600/) as string }],
    });
  });
});
