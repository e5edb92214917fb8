import type { AccountingRecord, FailedMessage, Invoice } from '#libs/contracts';
import { describe, expect, it } from 'vitest';
import { parseFlow } from '../definition/parse-flow.js';
import { sampleContact, sampleInvoice } from '../samples/sample-records.js';
import { InlineRenderer } from '../templates/inline-renderer.js';
import { flowUnderTest, inputFor } from '../testing/flow-under-test.js';
import { evaluateFallback } from './evaluate-fallback.js';
import { evaluateFlow } from './evaluate-flow.js';

const HEAD = 'staff: { team: { phones: ["07700 900001"], emails: ["desk@example.com"] } }';
const STEP = `
  - id: issued
    when: invoice.issued
    to: [customer, { staff: team }]
    channel: sms
    template: "{{ invoice.number }}"
    onFailure:
      to: [customer, { staff: team }]
      channel: [email, sms]
      template: { text: "{{ invoice.amountDue }} by mail", subject: "{{ invoice.number }}" }`;
const REMINDER = `
  - id: overdue
    when: invoice.overdue
    days: [3]
    at: "09:00"
    to: customer
    channel: sms
    template: x
    onFailure:
      channel: email
      template: { text: "{{ reminder.days }} days, {{ invoice.amountDue }} open", subject: s }`;
const flow = flowUnderTest(STEP, HEAD);
const contact = sampleContact({ email: 'ann@example.com' });

function failure(changes: Partial<FailedMessage> = {}): FailedMessage {
  const { recordId, entityId, connectionId, vendor, workspaceId } = sampleInvoice();
  return {
    commandId: 'c1',
    workspaceId,
    connectionId,
    vendor,
    entityType: 'invoice',
    entityId,
    entityNumber: null,
    recordId,
    flowId: flow.id,
    flowStep: 'issued',
    businessEvent: `invoice/${entityId}/issued`,
    channel: 'sms',
    to: '+447700900456',
    reason: 'invalid-number',
    onlyStaff: false,
    resendOf: null,
    origin: 'webhook',
    failedAt: 0,
    ...changes,
  };
}

async function otherWay(changes: Partial<FailedMessage> = {}, over: Partial<Invoice> = {}, by = flow) {
  const record: AccountingRecord = sampleInvoice({ dueDate: '2026-11-18', ...over });
  const { messages, skips, deferrals } = await evaluateFallback(
    by,
    failure(changes),
    inputFor(record, { contact }),
    new InlineRenderer(),
  );
  return {
    to: messages.map(({ command }) => command.to),
    bodies: messages.map(({ command }) => command.body),
    ids: messages.map(({ command }) => command.commandId),
    messages,
    skips: skips.map(({ reason }) => reason),
    deferrals,
  };
}

it('a message says by which channels another way leads, and carries no text for it', async () => {
  const { messages } = await evaluateFlow(flow, inputFor(sampleInvoice(), { contact }), new InlineRenderer());
  expect(messages).toHaveLength(2);
  for (const { command } of messages) expect(command.onFailure).toEqual(['email', 'sms']);
});

describe('the other way of a message that failed', () => {
  it('goes on another channel or to others, with the texts of the present state', async () => {
    const { to, bodies, messages } = await otherWay({}, { amountDue: '77' });
    expect(to).toEqual(['ann@example.com', 'desk@example.com']);
    expect(bodies[0]).toBe('77 by mail');
    for (const { command } of messages) expect(command.onFailure).toEqual([]);
  });

  it('has ids of its own that are the same whichever message failed', async () => {
    const first = await otherWay();
    expect(new Set(first.ids).size).toBe(2);
    expect((await otherWay({ commandId: 'c2', to: '+447700900001' })).ids).toEqual(first.ids);
  });

  it('is new when an operator had resent the message', async () => {
    const again = await otherWay({ commandId: 'c9', resendOf: 'c1' });
    expect(again.ids).not.toEqual((await otherWay()).ids);
    expect(again.messages[0]?.command).toMatchObject({ resendOf: 'c1', notAfter: null });
  });

  it('does not try the same address again', async () => {
    expect((await otherWay({ to: 'ann@example.com' })).to).toEqual(['desk@example.com']);
  });

  it('leads to colleagues only, for somebody who wants no messages', async () => {
    expect((await otherWay({ onlyStaff: true })).to).toEqual(['desk@example.com']);
  });

  it.each([
    ['paid', { status: 'paid', amountDue: '0' }, 'paid-meanwhile'],
    ['voided', { status: 'voided' }, 'voided-meanwhile'],
  ])('is not taken for what was %s meanwhile', async (_, over, reason) => {
    const { to, skips } = await otherWay({}, over);
    expect(to).toEqual([]);
    expect(skips).toEqual([reason]);
  });

  it('waits in quiet hours; colleagues need not', async () => {
    const quiet = flowUnderTest(
      STEP,
      `${HEAD}\nquietHours: { from: "08:30", to: "12:00", channels: [sms, email] }`,
    );
    const { to, deferrals } = await otherWay({}, {}, quiet);
    expect(to).toEqual(['desk@example.com']);
    expect(deferrals).toMatchObject([{ reason: 'quiet-hours', channel: 'email' }]);
    const forAll = flowUnderTest(
      STEP,
      `${HEAD}\nquietHours: { from: "08:30", to: "12:00", channels: [sms, email], staff: true }`,
    );
    expect((await otherWay({}, {}, forAll)).deferrals).toHaveLength(2);
  });

  it('knows the days of a reminder', async () => {
    const reminding = flowUnderTest(REMINDER);
    const event = { flowStep: 'overdue', businessEvent: 'invoice/x/overdue/3d' };
    expect((await otherWay(event, { amountDue: '50' }, reminding)).bodies).toEqual(['3 days, 50 open']);
    expect((await otherWay(event, { status: 'paid', amountDue: '0' }, reminding)).skips).toEqual([
      'paid-meanwhile',
    ]);
  });

  it('is gone when the flow has it no longer', async () => {
    const { skips } = await otherWay({}, {}, flowUnderTest(STEP.replace('issued', 'other'), HEAD));
    expect(skips).toEqual(['flow-changed']);
  });

  it('is refused in a flow where it would only do the same again', () => {
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
});
