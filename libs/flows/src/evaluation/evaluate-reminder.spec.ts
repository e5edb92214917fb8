import type { AccountingRecord } from '#libs/contracts';
import { describe, expect, it } from 'vitest';
import type { Flow } from '../definition/flow.js';
import { parseFlow } from '../definition/parse-flow.js';
import { parseReminderKey, type ReminderReference } from '../reminders/reminder.js';
import { sampleContact, sampleInvoice, sampleSource, sampleTarget } from '../samples/sample-records.js';
import { InlineRenderer } from '../templates/inline-renderer.js';
import { evaluateFlow } from './evaluate-flow.js';
import { evaluateReminder } from './evaluate-reminder.js';
import type { Evaluation, EvaluationInput } from './evaluation.js';

const renderer = new InlineRenderer();
const parsed = parseFlow(`apiVersion: ledgerwire/v1
id: reminders
name: Reminders
workspace: acme
source: sample-books
target: sample-twilio
steps:
  - id: overdue
    when: invoice.overdue
    days: [3, 10]
    if: { not: { group: VIP } }
    to: customer
    channel: sms
    template: "{{ reminder.days }}/{{ invoice.daysOverdue }}: {{ invoice.amountDue | money }}"
    escalate:
      from: 10
      to: { staff: { emails: [team@example.com] } }
      channel: email
      template: { subject: "{{ contact.name }}", text: "{{ invoice.number }}" }
`);
if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
const { flow } = parsed;

const record = sampleInvoice({ dueDate: '2026-12-05' }, { origin: 'timer' });
const third: ReminderReference = {
  flowId: 'reminders',
  stepId: 'overdue',
  days: 3,
  connectionId: 'sample-books',
  invoiceId: 'sample-invoice',
};
const tenth = { ...third, days: 10 };
const THIRD_DAY = Date.UTC(2026, 11, 8, 9);
const TENTH_DAY = Date.UTC(2026, 11, 15, 9);

function remind(
  reminder: ReminderReference,
  fresh: AccountingRecord,
  over: Partial<EvaluationInput> = {},
  by: Flow = flow,
): Promise<Evaluation> {
  const input: EvaluationInput = {
    record: fresh,
    previous: null,
    contact: sampleContact(),
    sourceConnection: sampleSource,
    targetConnection: sampleTarget,
    now: reminder.days === 3 ? THIRD_DAY : TENTH_DAY,
    ...over,
  };
  return evaluateReminder(by, reminder, input, renderer);
}

describe('evaluateReminder', () => {
  it('reminds the customer of what is open now', async () => {
    const evaluation = await remind(third, {
      ...record,
      invoice: record.invoice && { ...record.invoice, amountDue: '50.5', amountPaid: '1200' },
    });
    expect(evaluation.messages).toMatchObject([
      {
        command: {
          body: '3/3: £50.50',
          businessEvent: 'invoice/sample-invoice/overdue/3d',
          recipientKind: 'customer',
          origin: 'timer',
        },
      },
    ]);
    expect(evaluation.skips).toEqual([]);
  });

  it('tells colleagues as well from the day on that the step escalates', async () => {
    const { messages } = await remind(tenth, record);
    expect(messages.map(({ command }) => [command.to, command.body, command.subject])).toEqual([
      ['+447911123456', '10/10: £1,250.50', null],
      ['team@example.com', 'INV-1001', 'Rowan Fitch'],
    ]);
  });

  it('escalates even when the customer cannot be reached', async () => {
    const evaluation = await remind(tenth, record, { contact: sampleContact({ phones: [] }) });
    expect(evaluation.messages.map(({ command }) => command.to)).toEqual(['team@example.com']);
    expect(evaluation.skips).toMatchObject([{ reason: 'no-phone-number' }]);
  });

  it.each<[string, AccountingRecord, string]>([
    ['paid', sampleInvoice({ status: 'paid', amountDue: '0', dueDate: '2026-12-05' }), 'paid-meanwhile'],
    ['credited in full', sampleInvoice({ amountDue: '0', dueDate: '2026-12-05' }), 'paid-meanwhile'],
    ['voided', sampleInvoice({ status: 'voided', dueDate: '2026-12-05' }), 'voided-meanwhile'],
    ['deleted', sampleInvoice({ dueDate: '2026-12-05' }, { deleted: true }), 'voided-meanwhile'],
    ['a draft again', sampleInvoice({ status: 'draft', dueDate: '2026-12-05' }), 'not-issued'],
    ['without a due date', sampleInvoice({ dueDate: null }), 'no-due-date'],
    ['a bill', sampleInvoice({ kind: 'purchase', dueDate: '2026-12-05' }), 'is-a-bill'],
  ])('sends nothing, to nobody, when the invoice is %s meanwhile', async (_, fresh, reason) => {
    const evaluation = await remind(tenth, fresh);
    expect(evaluation).toMatchObject({
      messages: [],
      skips: [{ reason, businessEvent: 'invoice/sample-invoice/overdue/10d' }],
    });
  });

  it('comes later when the due date moved', async () => {
    const evaluation = await remind(third, sampleInvoice({ dueDate: '2026-12-20' }));
    expect(evaluation).toMatchObject({
      messages: [],
      skips: [{ reason: 'rescheduled' }],
      reminders: [{ days: 3, fireAt: Date.UTC(2026, 11, 23, 9) }],
    });
    expect(parseReminderKey(evaluation.reminders[0]?.key ?? '')).toEqual(third);
  });

  it('is too late after its catch-up time', async () => {
    expect((await remind(third, record, { now: THIRD_DAY + 2 * 86_400_000 })).messages).toHaveLength(1);
    expect((await remind(third, record, { now: THIRD_DAY + 2 * 86_400_000 + 1 })).skips).toMatchObject([
      { reason: 'too-late' },
    ]);
  });

  it('is not sent when the conditions exclude the customer now, and does not escalate then', async () => {
    const evaluation = await remind(tenth, record, { contact: sampleContact({ groups: ['VIP'] }) });
    expect(evaluation).toMatchObject({ messages: [], skips: [{ reason: 'condition-not-met' }] });
  });

  it('says that the flow is off, or no longer has the step or the days', async () => {
    expect((await remind(third, record, {}, { ...flow, enabled: false })).skips).toMatchObject([
      { reason: 'flow-disabled' },
    ]);
    expect((await remind({ ...third, days: 4 }, record)).skips).toMatchObject([{ reason: 'flow-changed' }]);
    expect((await remind({ ...third, stepId: 'gone' }, record)).skips).toMatchObject([
      { reason: 'flow-changed' },
    ]);
  });

  it('asks for the contact when it is not known', async () => {
    expect(await remind(third, record, { contact: undefined })).toMatchObject({
      messages: [],
      skips: [],
      needs: [{ entityType: 'contact', entityId: 'sample-contact' }],
    });
  });

  it('makes the same commands when the timer fires twice', async () => {
    const once = await remind(tenth, record);
    const again = await remind(
      tenth,
      { ...record, version: record.version + 5, recordId: 'other' },
      { now: TENTH_DAY + 3_600_000 },
    );
    expect(again.messages.map(({ command }) => command.commandId)).toEqual(
      once.messages.map(({ command }) => command.commandId),
    );
  });

  it('follows from what evaluateFlow planned', async () => {
    const plans = await evaluateFlow(
      flow,
      {
        record: sampleInvoice({ dueDate: '2026-12-05' }),
        previous: null,
        sourceConnection: sampleSource,
        targetConnection: sampleTarget,
        now: Date.UTC(2026, 10, 21),
      },
      renderer,
    );
    expect(plans.messages).toEqual([]);
    for (const planned of plans.reminders) {
      const reference = parseReminderKey(planned.recheckToken);
      if (!reference) throw new Error('no reference');
      const evaluation = await remind(reference, record, { now: planned.fireAt });
      expect(evaluation.messages[0]?.command.businessEvent).toBe(planned.businessEvent);
    }
    expect(plans.reminders).toHaveLength(2);
  });
});
