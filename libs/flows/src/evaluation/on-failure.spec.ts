import type { MessageCommand } from '#libs/contracts';
import { expect, it } from 'vitest';
import { parseFlow } from '../definition/parse-flow.js';
import { sampleContact, sampleInvoice } from '../samples/sample-records.js';
import { InlineRenderer } from '../templates/inline-renderer.js';
import { flowUnderTest, inputFor } from '../testing/flow-under-test.js';
import { evaluateFlow } from './evaluate-flow.js';

const flow = flowUnderTest(
  `
  - id: issued
    when: invoice.issued
    to: [customer, { staff: team }]
    channel: sms
    template: "{{ invoice.number }}"
    onFailure:
      to: [customer, { staff: team }]
      channel: [email, sms]
      template: { text: "{{ invoice.number }} by mail", subject: "{{ invoice.number }}" }`,
  'staff: { team: { phones: ["07700 900001"], emails: ["desk@example.com"] } }',
);

async function fallbacksOf(): Promise<Map<string, MessageCommand[]>> {
  const contact = sampleContact({ email: 'ann@example.com' });
  const { messages } = await evaluateFlow(flow, inputFor(sampleInvoice(), { contact }), new InlineRenderer());
  return new Map(
    messages.map(({ command }) => [
      command.to,
      command.onFailure.map((text) => JSON.parse(text) as MessageCommand),
    ]),
  );
}

it('carries rendered commands for the case that a message fails, on another channel or to others', async () => {
  const all = [...(await fallbacksOf()).values()];
  expect(all).toHaveLength(2);
  for (const fallbacks of all)
    expect(fallbacks.map(({ to, channel, recipientKind }) => [to, channel, recipientKind])).toEqual([
      ['ann@example.com', 'email', 'customer'],
      ['desk@example.com', 'email', 'staff'],
    ]);
  const [first] = all[0] ?? [];
  expect(first?.body).toMatch(/ by mail$/);
  expect(first?.onFailure).toEqual([]);
});

it('gives them ids of their own that are the same whenever and for whomever they are made', async () => {
  const [one, two] = [...(await fallbacksOf()).values()];
  const ids = one?.map(({ commandId }) => commandId) ?? [];
  expect(new Set(ids).size).toBe(2);
  expect(two?.map(({ commandId }) => commandId)).toEqual(ids);
  const again = [...(await fallbacksOf()).values()][0];
  expect(again?.map(({ commandId }) => commandId)).toEqual(ids);
});

it('refuses a rule that would only do the same again', () => {
  const parsed = parseFlow(`apiVersion: ledgerwire/v1
id: tested
name: Tested
workspace: w
source: s
target: t
steps:
  - id: issued
    when: invoice.issued
    to: customer
    channel: sms
    template: x
    onFailure: { template: y }
`);
  expect(parsed.ok).toBe(false);
  expect(JSON.stringify(parsed)).toContain('another channel');
});
