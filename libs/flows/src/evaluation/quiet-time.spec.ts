import { describe, expect, it } from 'vitest';
import { sampleContact, sampleInvoice } from '../samples/sample-records.js';
import { InlineRenderer } from '../templates/inline-renderer.js';
import { flowUnderTest, inputFor } from '../testing/flow-under-test.js';
import { evaluateFlow } from './evaluate-flow.js';
import { evaluateHeld } from './evaluate-held.js';
import { nextMorning } from './quiet-time.js';

const renderer = new InlineRenderer();
const NIGHT = Date.parse('2026-11-23T22:00:00Z');
const MORNING = Date.parse('2026-11-24T08:00:00Z');
const quiet = 'quietHours: { from: "20:00", to: "08:00" }\nstaff: { team: { phones: ["07700 900001"] } }';
const step = `
  - id: issued
    when: invoice.issued
    to: [customer, { staff: team }]
    channel: [sms, email]
    template: { text: "{{ invoice.number }}", subject: "{{ invoice.number }}" }`;
const flow = flowUnderTest(step, quiet);
const held = {
  flowId: 'tested',
  stepId: 'issued',
  businessEvent: 'invoice/sample-invoice/issued',
  changedFields: [],
  since: NIGHT,
};

describe('quiet hours', () => {
  it('put off the customer’s text message and not the colleague’s', async () => {
    const evaluation = await evaluateFlow(flow, inputFor(sampleInvoice(), { now: NIGHT }), renderer);
    expect(evaluation.messages.map(({ command }) => command.recipientKind)).toEqual(['staff']);
    expect(evaluation.deferrals).toMatchObject([
      { stepId: 'issued', reason: 'quiet-hours', until: MORNING, channel: 'sms', recipient: '+44••••••••56' },
    ]);
  });

  it('hold back neither e-mails nor what is urgent, unless the flow says so', async () => {
    const noPhone = sampleContact({ phones: [] });
    const input = inputFor(sampleInvoice(), { now: NIGHT, contact: noPhone });
    expect((await evaluateFlow(flow, input, renderer)).deferrals).toEqual([]);
    const both = flowUnderTest(step, quiet.replace('" }\n', '", channels: [sms, email], staff: true }\n'));
    expect((await evaluateFlow(both, input, renderer)).deferrals).toHaveLength(2);
    const urgent = flowUnderTest(`${step}\n    urgent: true`, quiet);
    const reached = await evaluateFlow(urgent, inputFor(sampleInvoice(), { now: NIGHT }), renderer);
    expect(reached.messages).toHaveLength(2);
  });

  it('of the days to come go with a message that they hold for', async () => {
    const input = inputFor(sampleInvoice(), { now: MORNING });
    const { messages } = await evaluateFlow(flow, input, renderer);
    const spans = new Map(messages.map(({ command }) => [command.recipientKind, command.quietSpans]));
    expect(spans.get('staff')).toEqual([]);
    expect(spans.get('customer')?.slice(0, 2)).toEqual([
      { from: Date.parse('2026-11-24T20:00:00Z'), until: Date.parse('2026-11-25T08:00:00Z') },
      { from: Date.parse('2026-11-25T20:00:00Z'), until: Date.parse('2026-11-26T08:00:00Z') },
    ]);
    const urgent = flowUnderTest(`${step}\n    urgent: true`, quiet);
    const reached = await evaluateFlow(urgent, input, renderer);
    expect(reached.messages.flatMap(({ command }) => command.quietSpans)).toEqual([]);
  });

  it('go by the clocks of the recipient', async () => {
    const inTokyo = sampleContact({ country: 'JP' });
    const input = inputFor(sampleInvoice(), { now: NIGHT, contact: inTokyo });
    // Ten in the evening in London is seven in the morning in Tokyo.
    expect((await evaluateFlow(flow, input, renderer)).deferrals).toMatchObject([
      { until: NIGHT + 60 * 60_000 },
    ]);
  });

  it('skip what may not wait so long', async () => {
    const brief = flowUnderTest(`${step}\n    notAfter: 4h`, quiet);
    const evaluation = await evaluateFlow(brief, inputFor(sampleInvoice(), { now: NIGHT }), renderer);
    expect(evaluation.deferrals).toEqual([]);
    expect(evaluation.skips).toMatchObject([{ reason: 'too-late', channel: 'sms' }]);
  });
});

describe('evaluateHeld', () => {
  it('sends in the morning what the evening put off, under the same command', async () => {
    const evening = await evaluateFlow(flow, inputFor(sampleInvoice(), { now: NIGHT }), renderer);
    const morning = await evaluateHeld(flow, held, inputFor(sampleInvoice(), { now: MORNING }), renderer);
    const commands = morning.messages.map(({ command }) => command.commandId);
    expect(commands).toContain(evening.deferrals[0]?.commandId);
  });

  it('counts the time that a message may take from when it was put off', async () => {
    const patient = flowUnderTest(`${step}\n    notAfter: 24h`, quiet);
    const morning = await evaluateHeld(patient, held, inputFor(sampleInvoice(), { now: MORNING }), renderer);
    expect(morning.messages[0]?.command.notAfter).toBe(NIGHT + 24 * 3_600_000);
    const later = await evaluateHeld(
      patient,
      held,
      inputFor(sampleInvoice(), { now: MORNING + 14 * 3_600_000 }),
      renderer,
    );
    expect(later.skips).toMatchObject([{ reason: 'too-late' }]);
  });

  it.each([
    ['paid', sampleInvoice({ status: 'paid', amountDue: '0' }), 'paid-meanwhile'],
    ['credited', sampleInvoice({ amountDue: '0', amountCredited: '1250.5' }), 'paid-meanwhile'],
    ['voided', sampleInvoice({ status: 'voided' }), 'voided-meanwhile'],
  ])('sends nothing for an invoice that was %s overnight', async (_, record, reason) => {
    const morning = await evaluateHeld(flow, held, inputFor(record, { now: MORNING }), renderer);
    expect(morning.messages).toEqual([]);
    expect(morning.skips).toMatchObject([{ reason }]);
  });

  it('says that the flow changed when the step is gone, and that it is switched off', async () => {
    const input = inputFor(sampleInvoice(), { now: MORNING });
    const gone = await evaluateHeld(flow, { ...held, stepId: 'other' }, input, renderer);
    expect(gone.skips).toMatchObject([{ reason: 'flow-changed' }]);
    const off = await evaluateHeld({ ...flow, enabled: false }, held, input, renderer);
    expect(off.skips).toMatchObject([{ reason: 'flow-disabled' }]);
  });
});

describe('nextMorning', () => {
  it('is the end of the quiet hours of the next day, or nine', () => {
    const input = inputFor(sampleInvoice(), { now: NIGHT });
    expect(nextMorning(flow, input)).toBe(MORNING);
    expect(nextMorning(flowUnderTest(step.replace(', { staff: team }', '')), input)).toBe(
      Date.parse('2026-11-24T09:00:00Z'),
    );
  });
});
