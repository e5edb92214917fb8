import { describe, expect, it } from 'vitest';
import { sampleContact, sampleInvoice, samplePayment } from '../samples/sample-records.js';
import { InlineRenderer } from '../templates/inline-renderer.js';
import { flowUnderTest, inputFor } from '../testing/flow-under-test.js';
import { type FlowPreview, type PreviewContext, previewFlow } from './preview-flow.js';

const NIGHT = Date.parse('2026-11-23T22:00:00Z');
const flow = flowUnderTest(
  `
  - { id: issued, when: invoice.issued, to: customer, channel: sms, template: "{{ invoice.number }}" }
  - { id: large, when: invoice.issued, if: { amount: { atLeast: 5000 } }, to: customer, channel: sms, template: x }
  - { id: late, when: invoice.overdue, days: [3, 10], group: debtor, to: customer, channel: sms, template: "{{ debtor.invoiceCount }}/{{ reminder.days }}" }
  - { id: thanks, when: payment.received, to: customer, channel: sms, template: "{{ payment.amount }}" }`,
  'quietHours: { from: "20:00", to: "08:00" }\nsmsPrice: { GB: "0.04 GBP" }',
);

function preview(record = sampleInvoice(), over: Partial<PreviewContext> = {}): Promise<FlowPreview> {
  const { record: _record, ...context } = inputFor(record, { now: NIGHT });
  const measure = (text: string) => ({ encoding: 'GSM-7', units: text.length, segments: 2 });
  return previewFlow(flow, record, { ...context, measure, renderer: new InlineRenderer(), ...over });
}

describe('previewFlow', () => {
  it('shows what would be sent to whom and when: now, after quiet hours, and as reminders', async () => {
    const { messages } = await preview();
    expect(messages).toMatchObject([
      {
        stepId: 'issued',
        because: 'quiet-hours',
        at: Date.parse('2026-11-24T08:00:00Z'),
        to: '+447911123456',
        recipient: '+44••••••••56',
        body: 'INV-1001',
      },
      { stepId: 'late', because: 'reminder', at: Date.parse('2026-12-08T09:00:00Z'), body: '1/3' },
      { stepId: 'late', because: 'reminder', at: Date.parse('2026-12-15T09:00:00Z'), body: '1/10' },
    ]);
  });

  it('counts segments and what they cost about', async () => {
    const { messages } = await preview();
    expect(messages[0]?.size).toEqual({
      encoding: 'GSM-7',
      units: 8,
      segments: 2,
      cost: { amount: '0.08', currency: 'GBP' },
    });
  });

  it('says of every step that sends nothing, why', async () => {
    expect((await preview()).silences).toEqual([
      {
        stepId: 'large',
        businessEvent: 'invoice/sample-invoice/issued',
        reason: 'condition-not-met',
        detail: 'The amount: atLeast 5000 does not hold.',
      },
      expect.objectContaining({ stepId: 'thanks', reason: 'no-trigger' }),
    ]);
    const draft = await preview(sampleInvoice({ status: 'draft' }));
    expect(draft.messages).toEqual([]);
    expect(draft.silences.map(({ reason }) => reason)).toContain('not-issued');
  });

  it('says why somebody is not reached', async () => {
    const nobody = sampleContact({ phones: [], email: null });
    const { messages, silences } = await preview(sampleInvoice(), { contact: nobody });
    expect(messages).toEqual([]);
    expect(silences).toContainEqual(expect.objectContaining({ stepId: 'issued', reason: 'no-phone-number' }));
  });

  it('names what it must know first', async () => {
    const { needs } = await preview(samplePayment(), { contact: undefined });
    expect(needs).toEqual([{ entityType: 'contact', entityId: 'sample-contact' }]);
  });

  it('shows the same whenever it is asked', async () => {
    expect(await preview()).toEqual(await preview());
  });
});
