import { describe, expect, it } from 'vitest';
import type { ExpectedEvent } from './expected-event.ts';
import { judge, wholeRunProblems } from './judge.ts';
import type { LedgerLine, Trace, TracedCommand, TraceStep } from './trail.ts';

const event: ExpectedEvent = {
  title: 'an invoice',
  invoiceId: '42',
  messages: [
    { about: 'issued', to: '+64211' },
    { about: 'overdue/5d', to: 'staff@x' },
  ],
  notSent: ['paid-meanwhile'],
};
const lines = [line('+64211'), line('staff@x')];
const step = (status: string, name = 'fetch'): TraceStep => ({
  at: 0,
  sinceStartMs: 0,
  step: name,
  status,
  reason: null,
  sentence: '',
});

function line(to: string): LedgerLine {
  return { kind: 'message', action: 'create', to, sequence: 1 };
}

function command(businessEvent: string, steps = [step('sent', 'send')]): TracedCommand {
  const parts = { channel: 'sms', recipient: '•', messageSid: 'SM', result: 'delivered' };
  return { commandId: businessEvent, businessEvent, steps, ...parts };
}

function trace(parts: Partial<Trace> = {}): Trace {
  return {
    entityType: 'invoice',
    notices: [],
    records: [],
    commands: [command('invoice/42/issued'), command('invoice/42/overdue/5d')],
    notSent: [{ reason: 'paid-meanwhile', sentence: '' }],
    steps: [step('unchanged')],
    ...parts,
  };
}

describe('an event', () => {
  it('is as it must be when ledger and trail both say so', () => {
    expect(judge(event, trace(), lines, false)).toMatchObject({ problems: [], effects: 2, spoilt: false });
  });

  it('does not count messages about people that share its trace, nor the other way round', () => {
    const shared = [...trace().commands, command('vendor/7/created')];
    expect(judge(event, trace({ commands: shared }), lines, false).problems).toEqual([]);
    const vendor = { ...event, messages: [{ about: 'created', to: 'x', shared: true }], notSent: [] };
    const ofVendor = trace({ commands: shared, entityType: 'contact' });
    expect(judge(vendor, ofVendor, lines, false).problems).toEqual([]);
  });

  it.each([
    ['a message is missing', trace(), lines.slice(1), '0 messages to +64211 at the vendor instead of 1'],
    ['somebody got another one’s', trace(), [...lines.slice(1), line('staff@x')], '2 messages to staff@x'],
    ['the trail has a message too few', trace({ commands: [] }), lines, '0 messages "issued" arrived'],
    [
      'one is about something else',
      trace({ commands: [command('invoice/42/issued'), command('payment/7/received')] }),
      lines,
      '1 messages "received" arrived by the trail instead of 0',
    ],
    [
      'a sender does not know of its message',
      trace({ commands: [command('invoice/42/issued', []), command('invoice/42/overdue/5d')] }),
      lines,
      'its sender does not know that it left',
    ],
    ['the reason is missing', trace({ notSent: [] }), lines, 'no reason paid-meanwhile in the trail (none)'],
    ['the trail is empty', undefined, lines, 'the trail knows nothing of it'],
  ])('has a problem when %s', (_what, trail, ledger, problem) => {
    const { problems } = judge(event, trail, ledger, false);
    expect(problems.join('\n')).toContain(problem);
  });

  it.each([
    ['a message too many', trace(), [...lines, line('+64211')]],
    ['a redelivery taken for news', trace({ steps: [step('duplicate')] }), lines],
  ])('cannot come right any more after %s', (_what, trail, ledger) => {
    expect(judge(event, trail, ledger, false).spoilt).toBe(true);
  });
});

describe('the whole run', () => {
  it('must have recognised a redelivery', () => {
    expect(wholeRunProblems([judge(event, trace(), lines, false)])).toEqual([]);
    expect(wholeRunProblems([judge(event, trace({ steps: [] }), lines, false)])).toHaveLength(1);
  });
});
