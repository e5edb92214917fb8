import assert from 'node:assert/strict';
import type { MessageErrorClass, VendorMessaging } from '../contract.js';
import type { ConformanceCheck, VendorSamples } from './samples.js';

const classes: ReadonlySet<MessageErrorClass> = new Set<MessageErrorClass>([
  'recipient',
  'opted-out',
  'configuration',
  'content',
  'transient',
  'later',
  'ambiguous',
]);

/** The messaging error table is total, ranks are usable and segments are counted. */
export function messagingChecks({ definition }: VendorSamples): ConformanceCheck[] {
  const { messaging } = definition;
  if (!messaging) return [];
  return [
    {
      title: 'the messaging error table is total and without contradiction',
      run: () => checkErrors(messaging),
    },
    { title: 'unknown status words are open and rank lowest', run: () => checkRanks(messaging) },
    { title: 'segments grow with the text', run: () => checkSegments(messaging) },
  ];
}

function checkErrors(messaging: VendorMessaging): void {
  const codes = messaging.errorTable.flatMap((rule) => rule.codes);
  assert.equal(new Set(codes).size, codes.length, 'no code is listed twice');
  for (const rule of messaging.errorTable) {
    assert.ok(classes.has(rule.class));
    assert.match(rule.reason, /^[a-z0-9-]+$/);
    assert.ok(rule.meaning.endsWith('.'));
    const repeats = rule.class === 'transient' || rule.class === 'later';
    assert.equal(rule.maxRetries > 0, repeats, `${rule.codes.join()} is repeated only when that can help`);
    assert.equal(rule.firstRetryMs !== null, repeats);
  }
  for (let status = 300; status < 600; status++) {
    const errorClass = messaging.fallbackClass(status);
    assert.ok(classes.has(errorClass));
    if (status >= 500) assert.equal(errorClass, 'ambiguous', 'a failing vendor may have sent it');
  }
  assert.ok(classes.has(messaging.fallbackClass(undefined)));
}

function checkRanks(messaging: VendorMessaging): void {
  for (const channel of messaging.channels) {
    const unknown = messaging.rankOf(channel, 'no-such-status');
    assert.equal(unknown.final, false);
    assert.equal(unknown.delivered, null);
    assert.ok(unknown.rank <= 0);
  }
}

function checkSegments(messaging: VendorMessaging): void {
  let before = 0;
  for (let length = 1; length <= 500; length++) {
    const { segments, units } = messaging.segmentsOf('a'.repeat(length));
    assert.ok(segments >= before && units === length);
    before = segments;
  }
  assert.ok(before > 1);
}
