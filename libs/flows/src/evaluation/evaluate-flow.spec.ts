import type { AccountingRecord, MessageCommand } from '#libs/contracts';
import { commandIdOf } from '#libs/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Flow } from '../definition/flow.js';
import { parseFlow } from '../definition/parse-flow.js';
import {
  SAMPLE_NOW,
  sampleContact,
  sampleInvoice,
  samplePayment,
  sampleSource,
  sampleTarget,
} from '../samples/sample-records.js';
import { InlineRenderer } from '../templates/inline-renderer.js';
import type { TemplateRenderer } from '../templates/template-renderer.js';
import { evaluateFlow } from './evaluate-flow.js';
import { type Evaluation, type EvaluationInput, NOTHING } from './evaluation.js';

const renderer = new InlineRenderer();

function flowOf(steps: string, head = ''): Flow {
  const parsed = parseFlow(`apiVersion: ledgerwire/v1
id: notices
name: Notices
workspace: sample-workspace
source: sample-books
target: sample-twilio
country: GB
locale: en-GB
staff: { team: { phones: ["07700 900001", "07700 900002"], emails: [team@example.com] } }
${head}
steps:
${steps}`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return { ...parsed.flow, version: 7 };
}

const issuedFlow = flowOf(`
  - id: issued
    when: invoice.issued
    to: customer
    channel: [sms, email]
    notAfter: 1h
    template: { text: "{{ contact.name }}: {{ invoice.number }} {{ invoice.total | money }}", subject: "S {{ invoice.number }}", html: "<p>{{ contact.name }}</p>" }`);

function input(record: AccountingRecord, over: Partial<EvaluationInput> = {}): EvaluationInput {
  return {
    record,
    previous: null,
    contact: sampleContact(),
    sourceConnection: sampleSource,
    targetConnection: sampleTarget,
    now: SAMPLE_NOW,
    ...over,
  };
}

function evaluate(
  flow: Flow,
  record: AccountingRecord,
  over: Partial<EvaluationInput> = {},
): Promise<Evaluation> {
  return evaluateFlow(flow, input(record, over), renderer);
}

function reasons(evaluation: Evaluation): string[] {
  return evaluation.skips.map(({ reason }) => reason);
}

function commands(evaluation: Evaluation): MessageCommand[] {
  return evaluation.messages.map(({ command }) => command);
}

describe('evaluateFlow', () => {
  it('makes one complete command of an issued invoice', async () => {
    const evaluation = await evaluate(issuedFlow, sampleInvoice());
    expect(evaluation).toEqual({
      messages: [
        {
          recipient: '+44••••••••56',
          contactId: 'sample-contact',
          changedFields: [],
          urgent: false,
          size: null,
          detail: null,
          command: {
            commandId: commandIdOf({
              flowId: 'notices',
              flowStep: 'issued',
              businessEvent: 'invoice/sample-invoice/issued',
              target: 'customer',
            }),
            workspaceId: 'sample-workspace',
            connectionId: 'sample-twilio',
            flowId: 'notices',
            flowVersion: 7,
            flowStep: 'issued',
            businessEvent: 'invoice/sample-invoice/issued',
            channel: 'sms',
            to: '+447911123456',
            recipientKind: 'customer',
            sender: null,
            subject: null,
            body: 'Rowan Fitch: INV-1001 £1,250.50',
            html: null,
            sourceConnectionId: 'sample-books',
            sourceVendor: 'xero',
            entityType: 'invoice',
            entityId: 'sample-invoice',
            entityNumber: 'INV-1001',
            recordId: 'sample-record-of-sample-invoice',
            origin: 'webhook',
            uncertainPolicy: 'never',
            createdAt: SAMPLE_NOW,
            notAfter: SAMPLE_NOW + 3_600_000,
            firstNoticedAt: SAMPLE_NOW,
            resendOf: null,
            onFailure: [],
            quietSpans: [],
          },
        },
      ],
      skips: [],
      reminders: [],
      deferrals: [],
      contacts: [],
      joins: [],
      cancel: [],
      needs: [],
    });
  });

  it('falls back to e-mail with the same command id, and says why', async () => {
    const [first] = (await evaluate(issuedFlow, sampleInvoice())).messages;
    const [second] = (
      await evaluate(issuedFlow, sampleInvoice(), { contact: sampleContact({ phones: [], name: '<R>' }) })
    ).messages;
    expect(second).toMatchObject({
      recipient: 'r•••@example.com',
      detail: 'sms: no-phone-number',
      command: {
        channel: 'email',
        to: 'rowan@example.com',
        subject: 'S INV-1001',
        body: '<R>: INV-1001 £1,250.50',
        html: '<p>&lt;R&gt;</p>',
      },
    });
    expect(second?.command.commandId).toBe(first?.command.commandId);
  });

  it.each<[string, AccountingRecord, Partial<EvaluationInput>, string]>([
    ['a draft', sampleInvoice({ status: 'draft' }), {}, 'not-issued'],
    ['a bill', sampleInvoice({ kind: 'purchase' }), {}, 'is-a-bill'],
    ['an invoice that was announced', sampleInvoice(), { previous: sampleInvoice() }, 'nothing-new'],
    [
      'an older state',
      sampleInvoice(),
      { previous: sampleInvoice({}, { version: SAMPLE_NOW + 1 }) },
      'stale-record',
    ],
    [
      'an invoice paid before it could be announced',
      sampleInvoice({ status: 'paid', amountDue: '0' }),
      {},
      'paid-meanwhile',
    ],
    ['an invoice of long ago', sampleInvoice({ issueDate: '2026-10-21' }), {}, 'too-late'],
    [
      'an invoice without a contact',
      sampleInvoice({ contactId: null }),
      { contact: undefined },
      'no-contact',
    ],
    ['a contact that does not exist', sampleInvoice(), { contact: null }, 'no-contact'],
    ['a deleted contact', sampleInvoice(), { contact: sampleContact({}, { deleted: true }) }, 'no-contact'],
    [
      'an archived contact',
      sampleInvoice(),
      { contact: sampleContact({ status: 'archived' }) },
      'contact-archived',
    ],
    [
      'an erased contact',
      sampleInvoice(),
      { contact: sampleContact({ status: 'erased' }) },
      'contact-erased',
    ],
    [
      'a contact without any address',
      sampleInvoice(),
      { contact: sampleContact({ phones: [], email: null }) },
      'no-phone-number',
    ],
    [
      'a contact with a number that is none',
      sampleInvoice(),
      {
        contact: sampleContact({
          phones: [{ kind: 'mobile', countryCode: null, areaCode: null, number: '123' }],
          email: 'x',
        }),
      },
      'invalid-phone-number',
    ],
    [
      'a command that was derived before',
      sampleInvoice(),
      { isDerived: () => Promise.resolve(true) },
      'duplicate',
    ],
  ])('sends nothing for %s and says why', async (_, record, over, reason) => {
    const evaluation = await evaluate(issuedFlow, record, over);
    expect(evaluation.messages).toEqual([]);
    expect(reasons(evaluation)).toEqual([reason]);
  });

  it('names every channel that was tried', async () => {
    const { skips } = await evaluate(issuedFlow, sampleInvoice(), {
      contact: sampleContact({ phones: [], email: 'nobody' }),
    });
    expect(skips[0]?.detail).toBe(
      'The contact has no phone number. (sms: no-phone-number, email: invalid-email-address)',
    );
  });

  it('announces an invoice whatever its date when it saw it being issued', async () => {
    const backdated = sampleInvoice({ issueDate: '2020-01-01' });
    const evaluation = await evaluate(issuedFlow, backdated, {
      previous: sampleInvoice({ status: 'draft' }),
    });
    expect(evaluation.messages).toHaveLength(1);
  });

  it('lets an operator announce what is long past, and a flow what is after its first day only', async () => {
    const old = sampleInvoice({ issueDate: '2026-01-01' });
    expect((await evaluate(issuedFlow, old, { ignoreAge: true })).messages).toHaveLength(1);
    const young = { ...issuedFlow, activeFrom: '2026-11-22' };
    expect(
      reasons(await evaluate(young, sampleInvoice(), { previous: sampleInvoice({ status: 'draft' }) })),
    ).toEqual(['too-late']);
  });

  it('asks for the contact before it decides, and for the one that a merged contact became', async () => {
    const unknown = await evaluate(issuedFlow, sampleInvoice(), { contact: undefined });
    expect(unknown).toMatchObject({
      messages: [],
      skips: [],
      needs: [{ entityType: 'contact', entityId: 'sample-contact' }],
    });
    const merged = await evaluate(issuedFlow, sampleInvoice(), {
      contact: sampleContact({ mergedIntoId: 'other', status: 'archived' }),
    });
    expect(merged).toMatchObject({
      messages: [],
      skips: [],
      needs: [{ entityType: 'contact', entityId: 'other' }],
    });
  });

  it('passes over records of other connections and of kinds that no step looks at', async () => {
    const nothing = NOTHING;
    expect(await evaluate(issuedFlow, sampleInvoice({}, { connectionId: 'other' }))).toEqual(nothing);
    expect(await evaluate(issuedFlow, samplePayment())).toEqual(nothing);
  });

  it('sends nothing while it is switched off', async () => {
    expect(await evaluate({ ...issuedFlow, enabled: false }, sampleInvoice())).toMatchObject({
      messages: [],
      skips: [{ reason: 'flow-disabled', stepId: 'issued' }],
    });
  });

  it('reports a template that fails for this record, without its data', async () => {
    const flow = flowOf(`
  - id: issued
    when: invoice.issued
    to: customer
    channel: sms
    template: "a\\n{{ contact.name | money }}"`);
    expect(await evaluate(flow, sampleInvoice())).toMatchObject({
      messages: [],
      skips: [
        {
          reason: 'template-error',
          channel: 'sms',
          detail: expect.stringMatching(
            /^The sms template failed in line 2, column 1: money takes/,
          ) as string,
        },
      ],
    });
  });

  it('passes on that the renderer is gone, so that the record is tried again', async () => {
    const broken: TemplateRenderer = {
      render: () => Promise.reject(new Error('gone')),
      close: () => Promise.resolve(),
    };
    await expect(evaluateFlow(issuedFlow, input(sampleInvoice()), broken)).rejects.toThrow('gone');
  });
});

describe('evaluateFlow with branches, conditions and staff', () => {
  const flow = flowOf(`
  - id: notice
    when: invoice.issued
    if: { amount: { atLeast: 100 } }
    to: customer
    channel: sms
    choose:
      - if: { group: Corporate }
        to: [customer, { staff: team }]
        channel: email
        template: { text: "corporate {{ tracking.Region }}", subject: s }
      - if: { tracking: { Region: North } }
        template: north
    template: retail`);

  it('takes the first choice that applies, with its own recipients and channel', async () => {
    const evaluation = await evaluate(flow, sampleInvoice(), {
      contact: sampleContact({ groups: ['corporate'] }),
    });
    expect(commands(evaluation).map(({ to, body, recipientKind }) => [to, body, recipientKind])).toEqual([
      ['rowan@example.com', 'corporate North', 'customer'],
      ['team@example.com', 'corporate North', 'staff'],
    ]);
  });

  it('goes by the tracking of the lines, else of the contact, else by the step itself', async () => {
    const noLines = sampleInvoice({ lines: [] });
    expect(commands(await evaluate(flow, sampleInvoice()))[0]?.body).toBe('north');
    expect(commands(await evaluate(flow, noLines))[0]?.body).toBe('north');
    expect(
      commands(await evaluate(flow, noLines, { contact: sampleContact({ tracking: [] }) }))[0]?.body,
    ).toBe('retail');
  });

  it('says which condition was not met, in the words of the flow', async () => {
    const { skips } = await evaluate(flow, sampleInvoice({ total: '99.99' }));
    expect(skips).toMatchObject([
      { reason: 'condition-not-met', stepId: 'notice', detail: 'The amount: atLeast 100 does not hold.' },
    ]);
  });

  it('says that no choice applies where the step has no text of its own', async () => {
    const choosy = flowOf(`
  - id: notice
    when: invoice.issued
    to: customer
    channel: sms
    choose: [{ if: { country: FR }, template: bonjour }]`);
    expect((await evaluate(choosy, sampleInvoice())).skips).toMatchObject([
      { reason: 'condition-not-met', detail: 'None of the choices applies: choice 1: country is not FR.' },
    ]);
  });

  it('sends to every colleague of a list on the first channel that the list has', async () => {
    const staff = flowOf(`
  - { id: a, when: invoice.paid, to: { staff: team }, channel: [sms, email], template: { text: paid, subject: s } }
  - { id: b, when: invoice.paid, to: { staff: { emails: [x@example.com] } }, channel: [sms, email], template: { text: paid, subject: s } }
  - { id: c, when: invoice.paid, to: { staff: { emails: [x@example.com] } }, channel: sms, template: paid }`);
    const evaluation = await evaluate(staff, sampleInvoice({ status: 'paid', amountDue: '0' }), {
      contact: undefined,
    });
    expect(commands(evaluation).map(({ to }) => to)).toEqual([
      '+447700900001',
      '+447700900002',
      'x@example.com',
    ]);
    expect(evaluation.skips).toMatchObject([{ stepId: 'c', reason: 'no-staff-address' }]);
    expect(new Set(commands(evaluation).map(({ commandId }) => commandId)).size).toBe(3);
  });

  it('renders a text once for all recipients of a channel', async () => {
    let renders = 0;
    const counting: TemplateRenderer = {
      render: (request) => {
        renders += 1;
        return renderer.render(request);
      },
      close: () => Promise.resolve(),
    };
    const staff = flowOf(
      '  - { id: a, when: invoice.issued, to: [customer, { staff: team }], channel: sms, template: hello }',
    );
    expect((await evaluateFlow(staff, input(sampleInvoice()), counting)).messages).toHaveLength(3);
    expect(renders).toBe(1);
  });
});

describe('evaluateFlow for payments and contacts', () => {
  it('confirms a payment with what is open on its invoice, once it is known', async () => {
    const flow = flowOf(
      '  - { id: p, when: payment.received, to: customer, channel: sms, template: "{{ payment.amount | money }}, {{ invoice.amountDue | money }} open" }',
    );
    const needs = await evaluate(flow, samplePayment(), { contact: undefined });
    expect(needs.needs).toEqual([
      { entityType: 'invoice', entityId: 'sample-invoice' },
      { entityType: 'contact', entityId: 'sample-contact' },
    ]);
    const evaluation = await evaluate(flow, samplePayment({ amount: '50' }), {
      invoice: sampleInvoice({ amountDue: '1200.5', amountPaid: '50' }),
    });
    expect(commands(evaluation)).toMatchObject([
      { body: '£50.00, £1,200.50 open', businessEvent: 'payment/sample-payment/received' },
    ]);
  });

  it('does not ask for an invoice that no text and no condition names', async () => {
    const flow = flowOf(
      '  - { id: p, when: payment.received, to: customer, channel: sms, template: "{{ payment.amount | money }}" }',
    );
    expect((await evaluate(flow, samplePayment())).messages).toHaveLength(1);
  });

  it('tells colleagues what changed in a contact', async () => {
    const flow = flowOf(
      '  - { id: c, when: contact.changed, to: { staff: team }, channel: email, template: { text: "{{ contact.name }}: {{ change.fields | join }}", subject: s } }',
    );
    const evaluation = await evaluate(flow, sampleContact({ email: 'new@example.com', phones: [] }), {
      previous: sampleContact(),
      contact: undefined,
    });
    expect(commands(evaluation)).toMatchObject([
      { body: 'Rowan Fitch: email phones', entityType: 'contact' },
    ]);
  });
});

describe('evaluateFlow, whatever the deliveries', () => {
  it('gives the same commands for the same business event, however often, late or changed it comes', async () => {
    const expected = commands(await evaluate(issuedFlow, sampleInvoice())).map(({ commandId }) => commandId);
    const delivery = fc.record({
      version: fc.nat(),
      fetchedAt: fc.nat(),
      recordId: fc.string(),
      origin: fc.constantFrom('webhook', 'poll', 'replay'),
      noticeIds: fc.array(fc.string()),
    });
    await fc.assert(
      fc.asyncProperty(
        delivery,
        fc.string(),
        fc.nat({ max: 86_400_000 }),
        fc.boolean(),
        async (around, reference, later, hasPhone) => {
          const contact = hasPhone ? sampleContact() : sampleContact({ phones: [] });
          const evaluation = await evaluate(issuedFlow, sampleInvoice({ reference }, around), {
            now: SAMPLE_NOW + later,
            contact,
          });
          expect(commands(evaluation).map(({ commandId }) => commandId)).toEqual(expected);
        },
      ),
    );
  });

  it('gives different commands for other invoices, steps and flows', async () => {
    const two = flowOf(
      '  - { id: a, when: invoice.issued, to: customer, channel: sms, template: x }\n  - { id: b, when: invoice.issued, to: customer, channel: sms, template: x }',
    );
    const ids = [
      ...commands(await evaluate(two, sampleInvoice())),
      ...commands(await evaluate(two, sampleInvoice({}, { entityId: 'other' }))),
      ...commands(await evaluate({ ...two, id: 'other' }, sampleInvoice())),
    ].map(({ commandId }) => commandId);
    expect(new Set(ids).size).toBe(6);
  });

  it('lists no more lines than a message can use of an invoice with ten thousand', async () => {
    const flow = flowOf(
      '  - { id: a, when: invoice.issued, to: customer, channel: email, template: { subject: s, text: "{{ invoice.lineCount }} {{ invoice.lines.size }} {{ tracking.Team }}" } }',
    );
    const line = sampleInvoice().invoice?.lines[0];
    if (!line) throw new Error('no line');
    const lines = [
      ...Array.from({ length: 9_999 }, () => line),
      { ...line, tracking: [{ category: 'Team', option: 'Hull' }] },
    ];
    expect(commands(await evaluate(flow, sampleInvoice({ lines })))[0]?.body).toBe('10000 50 Hull');
  });

  it('keeps a name with line breaks, direction marks and template syntax on its line', async () => {
    const name = 'Eve\nPay to evil.example \u202e{{ invoice.number }}';
    const [command] = commands(
      await evaluate(issuedFlow, sampleInvoice(), { contact: sampleContact({ name }) }),
    );
    expect(command?.body).toBe('Eve Pay to evil.example {{ invoice.number }}: INV-1001 £1,250.50');
  });

  it('links only to pages', async () => {
    const flow = flowOf(
      '  - { id: a, when: invoice.issued, to: customer, channel: sms, template: "[{{ invoice.onlineUrl }}]" }',
    );
    const body = async (onlineUrl: string): Promise<string | undefined> =>
      commands(await evaluate(flow, sampleInvoice({ onlineUrl })))[0]?.body;
    expect(await body('https://in.example.com/1')).toBe('[https://in.example.com/1]');
    expect(await body('javascript:alert(1)')).toBe('[]');
  });
});
