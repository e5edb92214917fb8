import { describe, expect, it } from 'vitest';
import { describeEvent } from './describe-event.ts';
import type { JudgedEvent } from './judge.ts';
import type { Trace, TracedCommand, TraceStep } from './trail.ts';

function step(name: string, status: string, at: number, sentence = ''): TraceStep {
  return { at, sinceStartMs: at - 1_000, step: name, status, reason: null, sentence };
}

const sms: TracedCommand = {
  commandId: 'c-1',
  businessEvent: 'invoice/42/issued',
  channel: 'sms',
  recipient: '+64•••63',
  messageSid: 'SM1',
  result: 'delivered',
  steps: [step('map', 'mapped', 1_030), step('send', 'sent', 1_040), step('deliver', 'delivered', 1_090)],
};

const trace: Trace = {
  entityType: 'invoice',
  notices: [{ noticeId: 'n'.repeat(64), steps: [] }],
  records: [{ recordId: 'r'.repeat(36), steps: [] }],
  commands: [sms],
  notSent: [],
  steps: [
    step('accept', 'accepted', 1_000, 'Xero reported it.'),
    step('accept', 'accepted', 1_001, 'Xero reported it again.'),
    step('fetch', 'parked', 1_005, 'Waits.'),
    step('fetch', 'parked', 1_010, 'Waits on.'),
    step('fetch', 'fetched', 1_020, 'It was read.'),
    step('fetch', 'unchanged', 1_050, 'It was read again.'),
  ],
};

function judged(parts: Partial<JudgedEvent> = {}): JudgedEvent {
  const event = { title: 'an invoice', invoiceId: '42', messages: [], notSent: [] };
  return { event, trace, effects: 1, problems: [], spoilt: false, ...parts };
}

function lines(parts?: Partial<JudgedEvent>): string[] {
  return describeEvent(judged(parts)).map((line) => line.trim().replaceAll(/ {2,}/gu, ' '));
}

describe('the way of an event', () => {
  it('goes from the webhook over the record and the command to the delivered message', () => {
    expect(lines()).toEqual([
      '',
      '✓ an invoice',
      'notice nnnnnnnnnnnn…',
      'accept +0 ms Xero reported it.',
      'fetch +5 ms Waits.',
      'record rrrrrrrrrrrr…',
      'fetch +20 ms It was read.',
      'command c-1 sms to +64•••63 (delivered)',
      'message SM1',
      'path map/mapped +30 ms → send/sent +40 ms → deliver/delivered +90 ms',
    ]);
  });

  it('names what nobody was told, and why', () => {
    const nobody = { ...sms, channel: null, recipient: null, messageSid: null, result: 'not-sent' };
    const notSent = [{ reason: 'no-phone', sentence: 'The contact has no phone.' }];
    const told = lines({ trace: { ...trace, commands: [nobody], notSent } });
    expect(told).toContain('command c-1 nobody (not-sent)');
    expect(told).toContain('message –');
    expect(told).toContain('not sent no-phone: The contact has no phone.');
  });

  it('says what is wrong, also where the trail is empty', () => {
    expect(lines({ trace: undefined, problems: ['the trail knows nothing of it'] })).toEqual([
      '',
      '✗ an invoice',
      'problem the trail knows nothing of it',
    ]);
  });
});
