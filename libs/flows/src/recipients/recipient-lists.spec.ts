import type { Contact } from '#libs/contracts';
import { describe, expect, it } from 'vitest';
import { parseFlow } from '../definition/parse-flow.js';
import { evaluateFlow } from '../evaluation/evaluate-flow.js';
import {
  sampleBill,
  sampleContact,
  sampleInvoice,
  sampleSource,
  sampleVendor,
} from '../samples/sample-records.js';
import { InlineRenderer } from '../templates/inline-renderer.js';
import { flowUnderTest, inputFor } from '../testing/flow-under-test.js';

const renderer = new InlineRenderer();
const lists = `lists:
  desks:
    - { contact: [C-1001, other@example.com], emails: [payables@rowan.example.com] }
    - { contact: "07911 123457", phones: ["07700 900009"] }
    - { contact: tidewater ropes, emails: [desk@ropes.example.com] }`;

function flowTo(to: string, head = lists) {
  return flowUnderTest(
    `
  - { id: n, when: invoice.issued, to: ${to}, channel: [sms, email], template: { text: x, subject: y } }
  - { id: b, when: bill.created, to: { list: desks }, channel: [sms, email], template: { text: x, subject: y } }`,
    head,
  );
}

async function reached(to: string, contact: Partial<Contact>, head?: string): Promise<unknown[]> {
  const input = inputFor(sampleInvoice(), { contact: sampleContact(contact) });
  const { messages, skips } = await evaluateFlow(flowTo(to, head), input, renderer);
  return [...messages.map(({ command }) => command.to), ...skips.map(({ reason }) => reason)];
}

describe('lists of recipients by client or vendor', () => {
  it.each<[string, Partial<Contact>, string]>([
    ['number', {}, 'payables@rowan.example.com'],
    ['e-mail address', { externalNumber: null, email: 'Other@Example.com' }, 'payables@rowan.example.com'],
    [
      'phone number, however it is written',
      {
        externalNumber: null,
        phones: [{ kind: 'mobile', countryCode: null, areaCode: null, number: '+44 7911 123457' }],
      },
      '+447700900009',
    ],
  ])('find a contact by its %s', async (_, contact, address) => {
    expect(await reached('{ list: desks }', contact)).toEqual([address]);
  });

  it('read the numbers of a contact by its own country before that of the company', async () => {
    const head = `lists:
  desks:
    - { contact: "+33 6 12 34 56 78", emails: [paris@example.com] }
    - { contact: "+31 6 12345678", emails: [stranger@example.com] }`;
    const phones = [{ kind: 'mobile', countryCode: null, areaCode: null, number: '06 12 34 56 78' }];
    const input = inputFor(sampleInvoice(), {
      contact: sampleContact({ country: 'FR', phones }),
      sourceConnection: { ...sampleSource, country: 'NL' },
    });
    const { messages } = await evaluateFlow(flowTo('{ list: desks }', head), input, renderer);
    expect(messages.map(({ command }) => command.to)).toEqual(['paris@example.com']);
  });

  it('find a supplier by its name', async () => {
    const input = inputFor(sampleBill(), { contact: sampleVendor() });
    const { messages } = await evaluateFlow(flowTo('customer'), input, renderer);
    expect(messages.map(({ command }) => [command.to, command.recipientKind])).toEqual([
      ['desk@ropes.example.com', 'supplier'],
    ]);
  });

  it('leave out who is not on them, or send to the contact itself by otherwise', async () => {
    const stranger = { externalNumber: 'C-9' };
    expect(await reached('{ list: desks }', stranger)).toEqual(['not-on-list']);
    expect(await reached('{ list: desks, otherwise: customer }', stranger)).toEqual(['+447911123456']);
  });

  it('have an entry for all others', async () => {
    const withRest = `${lists}\n    - { contact: "*", emails: [rest@example.com] }`;
    expect(await reached('{ list: desks }', { externalNumber: 'C-9' }, withRest)).toEqual([
      'rest@example.com',
    ]);
    expect(await reached('{ list: desks }', {}, withRest)).toEqual(['payables@rowan.example.com']);
  });

  it.each([
    ['a list that is not there', 'to: { list: desk }', /no list “desk”; there is desks/],
    ['a vendor of an invoice', 'to: { list: desks, otherwise: vendor }', /a customer; write customer/],
  ])('report %s', (_, to, message) => {
    const parsed = parseFlow(`apiVersion: ledgerwire/v1
id: x
name: x
workspace: w
source: s
target: t
country: GB
${lists}
steps:
  - { id: n, when: invoice.issued, ${to}, channel: email, template: { text: x, subject: y } }`);
    expect(parsed.ok ? [] : parsed.problems.map((problem) => problem.message)).toEqual([
      expect.stringMatching(message),
    ]);
  });
});
