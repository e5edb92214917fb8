import { describe, expect, it } from 'vitest';
import { invoiceTrail, outcome, START } from '../testing/outcomes.js';
import { traceView } from './trace-view.js';

describe('the trace of an event', () => {
  const view = traceView('INV-0042', invoiceTrail());

  it('goes from the notice over the record to the command and its delivery', () => {
    expect(view?.notices.map((group) => [group.noticeId, group.webhookIds])).toEqual([
      ['notice-1', ['webhook-1']],
    ]);
    expect(view?.records.map((group) => [group.recordId, group.noticeIds])).toEqual([
      ['record-1', ['notice-1']],
    ]);
    expect(view?.commands).toEqual([
      expect.objectContaining({
        commandId: 'command-1',
        recordId: 'record-1',
        recipient: '+44•••••••56',
        messageSid: 'SM1',
        result: 'delivered',
      }),
    ]);
    expect(view?.commands[0]?.steps.map((step) => `${step.step}/${step.status}`)).toEqual([
      'map/mapped',
      'send/sending',
      'send/sent',
      'deliver/delivered',
    ]);
  });

  it('has every step with its time since the first', () => {
    expect(view?.steps.map((step) => step.sinceStartMs)).toEqual([0, 180, 220, 221, 260, 420, 2_300]);
    expect([view?.startedAt, view?.durationMs]).toEqual([START, 2_300]);
  });

  it('says what was not sent and why', () => {
    expect(view?.notSent).toEqual([
      expect.objectContaining({
        flowStep: 'tell-staff',
        reason: 'no-staff-address',
        sentence: 'The staff list has no address for any channel of the step.',
      }),
    ]);
  });

  it('does not count a record that no flow wants as a message, unless nothing else came of the event', () => {
    const unwanted = outcome('map', 'skipped', 1, { recordId: 'record-2', reason: 'no-trigger' });
    expect(traceView('INV-0042', [...invoiceTrail(), unwanted])?.notSent).toHaveLength(1);
    const alone = traceView('INV-0042', [outcome('accept', 'accepted', 0, { noticeIds: ['n'] }), unwanted]);
    expect(alone?.notSent.map((one) => one.reason)).toEqual(['no-trigger']);
  });

  it('names what it is about, and the ids by which logs are found', () => {
    expect(view).toMatchObject({
      vendor: 'xero',
      entityType: 'invoice',
      entityNumber: 'INV-0042',
      workspaceIds: ['demo'],
      webhookIds: ['webhook-1'],
      traceIds: ['0af7651916cd43dd8448eb211c80319c'],
    });
  });

  it('is nothing for an id that nothing is known of', () => {
    expect(traceView('nothing', [])).toBeUndefined();
  });
});

describe('how a command stands', () => {
  const command = { commandId: 'command-1' };

  function resultOf(...words: readonly string[]) {
    const outcomes = words.map((word, index) => {
      const [step = '', status = ''] = word.split('/');
      return outcome(step, status, index, command);
    });
    return traceView('command-1', outcomes)?.commands[0]?.result;
  }

  it.each([
    ['in-progress', ['map/mapped', 'send/sending']],
    ['sent', ['map/mapped', 'send/sent']],
    ['delivered', ['send/sent', 'deliver/delivered', 'map/duplicate']],
    ['delivered', ['deliver/delivered', 'send/sent']],
    ['failed', ['send/sent', 'deliver/undelivered']],
    ['not-sent', ['map/mapped', 'send/skipped']],
    ['not-sent', ['map/scheduled', 'map/cancelled']],
    ['waiting', ['map/mapped', 'send/uncertain']],
    ['sent', ['send/uncertain', 'send/sent']],
    ['not-sent', ['map/duplicate']],
  ])('is %s after %j', (result, words) => {
    expect(resultOf(...words)).toBe(result);
  });

  it('is what became of its last message, when it was sent again', () => {
    const first = { ...command, messageSid: 'SM1' };
    const undelivered = outcome('deliver', 'undelivered', 2, { ...first, nextTryAt: START + 60_000 });
    const trail = [outcome('send', 'sent', 1, first), undelivered];
    expect(traceView('command-1', trail)?.commands[0]?.result).toBe('waiting');
    const again = [...trail, outcome('send', 'sent', 3, { ...command, messageSid: 'SM2' })];
    expect(traceView('command-1', again)?.commands[0]?.result).toBe('sent');
  });

  it('is the failure that a report told of before the send was booked', () => {
    const sid = { ...command, messageSid: 'SM1' };
    const trail = [outcome('deliver', 'failed', 1, sid), outcome('send', 'sent', 2, sid)];
    expect(traceView('command-1', trail)?.commands[0]?.result).toBe('failed');
  });
});
