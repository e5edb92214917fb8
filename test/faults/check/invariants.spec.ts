import { describe, expect, test } from 'vitest';
import type { Evidence, TrailLine } from './evidence.ts';
import { endsOfDoubt, findStepsBack, judge } from './invariants.ts';

/** One invoice, one message, everything told: the checker must find nothing here, and something in every falsified copy. */
function sound(): Evidence {
  const about = { commandId: 'c1', recordId: 'r1', noticeIds: ['n1'], origin: 'webhook', entityId: 'i1' };
  return {
    expected: [{ tenant: 0, invoiceId: 'i1', invoiceNumber: 'INV-1', to: '+64211', dueAt: 1 }],
    acknowledged: [
      { kind: 'unknown-entity', entityId: 'x1' },
      { kind: 'unknown-tenant', entityId: 'x2' },
    ],
    messages: [message('+64211', 'SM1', 'c1')],
    trail: [
      line({ step: 'accept', status: 'accepted', noticeIds: ['n1'], entityId: 'i1' }),
      line({ ...about, commandId: null, step: 'fetch', status: 'fetched' }),
      line({ ...about, step: 'map', status: 'mapped' }),
      line({ ...about, step: 'send', status: 'sent', messageSid: 'SM1' }),
      line({ entityId: 'x1', step: 'fetch', status: 'skipped', reason: 'gone' }),
    ],
    unknownTenantLetters: 1,
  };
}

describe('the invariants hold for a sound ledger', () => {
  test('without any failure', () => {
    expect(judge(sound())).toEqual({
      effects: 1,
      lost: 0,
      duplicated: 0,
      uncertain: 0,
      uncertainEnds: {},
      failures: [],
    });
  });

  test('also where a message was decided against and the trail says so', () => {
    const evidence = {
      ...sound(),
      messages: [],
      trail: [
        ...sound().trail,
        line({ entityId: 'i1', step: 'map', status: 'skipped', reason: 'opted-out' }),
      ],
    };
    expect(judge(evidence).failures).toEqual([]);
  });
});

describe('I1, nothing is lost, is broken by', () => {
  test('an invoice without a message and without a word', () => {
    expect(judge({ ...sound(), messages: [] })).toMatchObject({
      lost: 1,
      failures: ['I1: 1 lost: invoice INV-1 of tenant 0 (i1, last word: send sent)'],
    });
  });

  test('an approved invoice of which only the draft has a word', () => {
    const draft = line({ entityId: 'i1', step: 'map', status: 'skipped', reason: 'no-trigger' });
    expect(judge({ ...sound(), messages: [], trail: [draft, ...sound().trail] }).lost).toBe(1);
  });

  test('a message to somebody else', () => {
    expect(judge({ ...sound(), messages: [message('+64212', 'SM1', 'c1')] }).lost).toBe(1);
  });

  test('an acknowledged webhook about an unknown entity of which only its arrival is told', () => {
    const trail = sound().trail.map((told) => (told.entityId === 'x1' ? { ...told, step: 'accept' } : told));
    expect(judge({ ...sound(), trail }).lost).toBe(1);
  });

  test('an acknowledged webhook of an unknown account without its dead letter', () => {
    expect(judge({ ...sound(), unknownTenantLetters: 0 }).lost).toBe(1);
  });

  test('a command that is still in doubt: that is no decision', () => {
    const doubt = line({ entityId: 'i1', commandId: 'c1', step: 'send', status: 'uncertain' });
    expect(judge({ ...sound(), messages: [], trail: [...sound().trail, doubt] }).lost).toBe(1);
  });
});

describe('I2, no effect twice, is broken by', () => {
  const twice = [message('+64211', 'SM1', 'c1'), message('+64211', 'SM2', 'c1')];

  test('a second message for a command', () => {
    expect(judge({ ...sound(), messages: twice })).toMatchObject({ duplicated: 1 });
    expect(judge({ ...sound(), messages: twice }).failures[0]).toBe(
      'I2: 1 doubled: 2 messages for invoice INV-1 (command c1)',
    );
  });

  test('a second command for one business event', () => {
    const messages = [message('+64211', 'SM1', 'c1'), message('+64211', 'SM2', 'c2')];
    expect(judge({ ...sound(), messages }).duplicated).toBe(1);
  });

  test('not by a repeat after a doubt that the trail tells of: that counts apart', () => {
    const trail = [...sound().trail, line({ commandId: 'c1', step: 'send', status: 'uncertain' })];
    const verdict = judge({ ...sound(), messages: twice, trail });
    expect(verdict.duplicated).toBe(0);
    expect(verdict.uncertainEnds).toMatchObject({ 'sent twice, said so': 1 });
  });

  test('a second command even when the first was in doubt', () => {
    const trail = [...sound().trail, line({ commandId: 'c1', step: 'send', status: 'uncertain' })];
    const messages = [message('+64211', 'SM1', 'c1'), message('+64211', 'SM2', 'c2')];
    expect(judge({ ...sound(), messages, trail }).duplicated).toBe(1);
  });
});

describe('I5, the trail is whole, is broken by', () => {
  test.each(['accept', 'fetch', 'map', 'send'])('a missing outcome of the step %s', (step) => {
    const trail = sound().trail.filter((told) => told.step !== step || told.entityId === 'x1');
    expect(judge({ ...sound(), trail }).failures[0]).toMatch(/^I5: 1 gap in the trail/);
  });

  test('an outcome that names another message', () => {
    const trail = sound().trail.map((told) => (told.messageSid ? { ...told, messageSid: 'SM9' } : told));
    expect(judge({ ...sound(), trail }).failures[0]).toContain('message SM1 is in no outcome of command c1');
  });
});

describe('I4, no entity goes back, is broken by', () => {
  test('an older version after a newer one, whatever stands between them', () => {
    const records = [
      { entity: 'a', version: 1 },
      { entity: 'a', version: 3 },
      { entity: 'b', version: 1 },
      { entity: 'a', version: 2 },
    ];
    expect(findStepsBack(records)).toEqual(['a went back from version 3 to 2']);
  });

  test('not by the same version twice or by entities that take turns', () => {
    const versions = [1, 1, 2, 2].flatMap((version) => ['a', 'b'].map((entity) => ({ entity, version })));
    expect(findStepsBack(versions)).toEqual([]);
  });
});

test('every doubt has an end that is counted once', () => {
  const doubt = (commandId: string): TrailLine => line({ commandId, step: 'send', status: 'uncertain' });
  const sent = (commandId: string, reason: string | null): TrailLine =>
    line({ commandId, step: 'send', status: 'sent', reason });
  expect(
    endsOfDoubt([
      doubt('a'),
      sent('a', 'proved-by-callback'),
      doubt('b'),
      sent('b', 'found-at-vendor'),
      doubt('c'),
      sent('c', null),
      doubt('d'),
      doubt('e'),
      line({ commandId: 'e', step: 'send', status: 'uncertain', reason: 'never-repeat' }),
      sent('f', null),
    ]),
  ).toEqual({
    'proved by callback': 1,
    'found in the list': 1,
    'absent, sent again': 1,
    open: 1,
    'never repeated': 1,
  });
});

let positions = 0;

function line(parts: Partial<TrailLine> & Pick<TrailLine, 'step' | 'status'>): TrailLine {
  positions += 1;
  return {
    entityId: null,
    reason: null,
    commandId: null,
    recordId: null,
    noticeIds: [],
    messageSid: null,
    origin: null,
    position: positions,
    ...parts,
  };
}

function message(to: string, id: string, commandId: string): Evidence['messages'][number] {
  return {
    sequence: 1,
    vendor: 'twilio',
    kind: 'message',
    action: 'create',
    id,
    to,
    key: `http://127.0.0.1:1/webhooks/twilio/conn/status/${commandId}`,
    realAtMs: 1,
  };
}
