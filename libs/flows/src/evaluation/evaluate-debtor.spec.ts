import type { AccountingRecord } from '#libs/contracts';
import { describe, expect, it } from 'vitest';
import { parseReminderKey } from '../reminders/reminder.js';
import { sampleContact, sampleInvoice } from '../samples/sample-records.js';
import { InlineRenderer } from '../templates/inline-renderer.js';
import { flowUnderTest, inputFor } from '../testing/flow-under-test.js';
import { evaluateFlow } from './evaluate-flow.js';
import { evaluateDebtor, evaluateReminder } from './evaluate-reminder.js';

const renderer = new InlineRenderer();
const flow = flowUnderTest(
  `
  - id: overdue
    when: invoice.overdue
    days: [3, 10]
    at: "09:00"
    group: debtor
    if: { amount: { atLeast: 50 } }
    to: customer
    channel: sms
    template: "{{ debtor.invoiceCount }}: {% for i in debtor.invoices %}{{ i.number }} {{ i.amountDue | money: i.currency }}; {% endfor %}sum {% for t in debtor.totals %}{{ t.amountDue | money: t.currency }} {% endfor %}"
    escalate: { from: 10, to: { staff: team }, channel: sms, template: "{{ contact.name }} {{ debtor.daysOverdue }} days" }`,
  'staff: { team: { phones: ["07700 900001"] } }',
);
const NOON = Date.parse('2026-12-08T12:00:00Z');
const EVENT = 'debtor/sample-contact/overdue/2026-12-08';

function open(
  number: string,
  over: Partial<NonNullable<AccountingRecord['invoice']>> = {},
): AccountingRecord {
  return sampleInvoice({ number, dueDate: '2026-12-05', ...over }, { entityId: number });
}

const young = open('INV-2', { total: '100', amountDue: '40', amountPaid: '60' });
const old = open('INV-1', { dueDate: '2026-11-28' });
const foreign = open('INV-3', { currency: 'JPY', total: '12000', amountDue: '12000' });

function remindAll(members: readonly [AccountingRecord, number][], debts: readonly AccountingRecord[]) {
  const { record: _record, ...input } = inputFor(young, { now: NOON, debts });
  const reminder = {
    flowId: 'tested',
    stepId: 'overdue',
    businessEvent: EVENT,
    members: members.map(([record, days]) => ({ record, days })),
  };
  return evaluateDebtor(flow, reminder, input, renderer);
}

describe('a grouped reminder', () => {
  it('joins the others of its debtor and day instead of going out alone', async () => {
    const planned = await evaluateFlow(flow, inputFor(young), renderer);
    const reference = parseReminderKey(planned.reminders[0]?.key ?? '');
    if (!reference) throw new Error('no reminder');
    const evaluation = await evaluateReminder(flow, reference, inputFor(young, { now: NOON }), renderer);
    expect(evaluation.messages).toEqual([]);
    expect(evaluation.joins).toEqual([
      { flowId: 'tested', stepId: 'overdue', days: 3, invoiceId: 'INV-2', businessEvent: EVENT },
    ]);
    const small = open('INV-2', { total: '10', amountDue: '10' });
    const excluded = await evaluateReminder(flow, reference, inputFor(small, { now: NOON }), renderer);
    expect(excluded).toMatchObject({ joins: [], skips: [{ reason: 'condition-not-met' }] });
  });

  it('lists everything that is owed, the oldest first, with a sum for each currency', async () => {
    const evaluation = await remindAll([[young, 3]], [young, foreign, old]);
    expect(evaluation.messages.map(({ command }) => command.body)).toEqual([
      '3: INV-1 £1,250.50; INV-2 £40.00; INV-3 JP¥12,000; sum £1,290.50 JP¥12,000',
    ]);
  });

  it('is one command a debtor and day, whichever reminders came together', async () => {
    const one = await remindAll([[young, 3]], [young]);
    const both = await remindAll(
      [
        [young, 3],
        [old, 10],
      ],
      [young, old],
    );
    expect(one.messages[0]?.command.commandId).toBe(both.messages[0]?.command.commandId);
    expect(both.messages[0]?.command.businessEvent).toBe(EVENT);
  });

  it('tells colleagues when the oldest has reached their days', async () => {
    expect((await remindAll([[young, 3]], [young, old])).messages).toHaveLength(1);
    const escalated = await remindAll(
      [
        [young, 3],
        [old, 10],
      ],
      [young, old],
    );
    expect(escalated.messages[1]?.command).toMatchObject({
      recipientKind: 'staff',
      body: 'Rowan Fitch 10 days',
    });
  });

  it('leaves out what was paid meanwhile, and says so when nothing is left', async () => {
    const paid = open('INV-1', { status: 'paid', amountDue: '0' });
    const evaluation = await remindAll(
      [
        [paid, 10],
        [young, 3],
      ],
      [young],
    );
    expect(evaluation.messages).toHaveLength(1);
    expect(evaluation.messages[0]?.command.entityNumber).toBe('INV-2');
    expect(await remindAll([[paid, 10]], [])).toMatchObject({
      messages: [],
      skips: [{ reason: 'paid-meanwhile', businessEvent: EVENT }],
    });
  });

  it('goes out alone where the contact is not known', async () => {
    const nobody = open('INV-9', { contactId: null });
    const planned = await evaluateFlow(flow, inputFor(nobody), renderer);
    const reference = parseReminderKey(planned.reminders[0]?.key ?? '');
    if (!reference) throw new Error('no reminder');
    const input = inputFor(nobody, { now: NOON, contact: null });
    const evaluation = await evaluateReminder(flow, reference, input, renderer);
    expect(evaluation).toMatchObject({ joins: [], skips: [{ reason: 'no-contact' }] });
  });
});

describe('a reminder by the recipient’s clocks', () => {
  it('comes at his hour, and at the company’s where his is not known', async () => {
    const local = flowUnderTest(`
  - { id: overdue, when: invoice.overdue, days: 3, at: "09:00", zone: recipient, to: customer, channel: sms, template: x }`);
    const inTokyo = await evaluateFlow(
      local,
      inputFor(young, { contact: sampleContact({ country: 'JP' }) }),
      renderer,
    );
    expect(inTokyo.reminders[0]?.fireAt).toBe(Date.parse('2026-12-08T00:00:00Z'));
    const unknown = await evaluateFlow(local, inputFor(young, { contact: undefined }), renderer);
    expect(unknown.reminders[0]?.fireAt).toBe(Date.parse('2026-12-08T09:00:00Z'));
  });
});
