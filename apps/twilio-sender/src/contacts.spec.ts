import { expect, test } from 'vitest';
import { type ContactWish, contactWishesOf, headerNames, topics } from '#libs/contracts';
import { failure, refusal } from './testing/fake-carrier.js';
import { SenderBench, twilioConnection } from './testing/sender-bench.js';

const KEY = 'xero:x1:contact:p1';
const OTHER = 'xero:x1:contact:p2';
const MINUTE = 60_000;

async function start(settings: Readonly<Record<string, string>> = {}): Promise<SenderBench> {
  const bench = await SenderBench.start();
  bench.connection = { ...twilioConnection, settings };
  return bench;
}

/** A bench whose connection has a place for contacts at the carrier. */
const withSync = (): Promise<SenderBench> => start({ syncServiceSid: 'IS1' });

/** What was said to the books so far. */
function wishes(bench: SenderBench): ContactWish[] {
  return bench.driver.sent(contactWishesOf('xero'));
}

/** Whether a message to the number leaves now. */
async function leaves(bench: SenderBench, commandId: string, to = '+447700900123'): Promise<boolean> {
  await bench.pass(1);
  const before = bench.carrier.messages.length;
  await bench.send({ commandId, to });
  return bench.carrier.messages.length > before;
}

test('keeps a contact at the carrier as the books have it, and brings it up to date', async () => {
  const bench = await withSync();
  await bench.change();
  await bench.change({ sourceVersion: 2, name: 'Anna', phone: null });
  expect(bench.carrier.kept.get(KEY)).toMatchObject({ name: 'Anna', phone: null, sourceVersion: 2 });
  expect(bench.trail()).toEqual(['kept/kept-at-twilio', 'kept/kept-at-twilio']);
  expect(bench.outcomes()[0]).toMatchObject({ step: 'contact', entityType: 'contact', entityId: 'p1' });
});

test('an older change of a contact never overwrites a newer one, nor revives a removed one', async () => {
  const bench = await withSync();
  await bench.change({ sourceVersion: 2, action: 'remove', phone: null, email: null, name: null });
  await bench.change({ sourceVersion: 1 });
  expect(bench.carrier.kept.size).toBe(0);
  expect(bench.trail()).toEqual(['removed/kept-at-twilio', 'skipped/superseded']);
});

test('keeps contacts by itself where the connection has no place for them', async () => {
  const bench = await start();
  await bench.change({ smsAllowed: false });
  expect(bench.carrier.kept.size).toBe(0);
  expect(bench.trail()).toEqual(['kept/kept-here']);
  expect(await leaves(bench, 'c1')).toBe(false);
  expect(bench.outcomes().at(-1)).toMatchObject({ status: 'skipped', reason: 'opted-out' });
});

test('obeys what the books say of each address until they say something else', async () => {
  const bench = await start();
  await bench.change({ smsAllowed: false });
  expect(await leaves(bench, 'c1')).toBe(false);
  await bench.pass(1);
  await bench.send({ commandId: 'c2', channel: 'email', to: 'ann@example.com' });
  expect(bench.carrier.messages).toHaveLength(1);
  await bench.change({ sourceVersion: 2, smsAllowed: true });
  expect(await leaves(bench, 'c3')).toBe(true);
});

test('while one of two contacts with a number wants no messages, none goes there', async () => {
  const bench = await start();
  await bench.change({ smsAllowed: false });
  await bench.change({ contactKey: OTHER, entityId: 'p2', smsAllowed: false });
  await bench.change({ sourceVersion: 2, smsAllowed: true });
  expect(await leaves(bench, 'c1')).toBe(false);
  await bench.change({ contactKey: OTHER, entityId: 'p2', sourceVersion: 2, action: 'remove', phone: null });
  expect(await leaves(bench, 'c2')).toBe(true);
});

test('a wish goes with the contact: a number that he no longer has is free again', async () => {
  const bench = await start();
  await bench.change({ smsAllowed: false });
  await bench.change({ sourceVersion: 2, phone: '+447700900777', smsAllowed: false });
  expect(await leaves(bench, 'c1')).toBe(true);
  expect(await leaves(bench, 'c2', '+447700900777')).toBe(false);
});

test('books that allow messages do not lift a STOP; START does', async () => {
  const bench = await withSync();
  await bench.change();
  await bench.hear('STOP');
  await bench.pass(1);
  expect(bench.carrier.kept.get(KEY)).toMatchObject({ smsAllowed: false, optOutSource: 'stop-message' });
  await bench.change({ sourceVersion: 2, smsAllowed: true });
  expect(await leaves(bench, 'c1')).toBe(false);
  await bench.hear('START');
  expect(await leaves(bench, 'c2')).toBe(true);
  expect(bench.carrier.kept.get(KEY)).toMatchObject({ smsAllowed: true, optOutSource: null });
});

test('where contacts are kept two ways, a refusal goes to the books of whom it concerns', async () => {
  const bench = await withSync();
  await bench.change({ twoWay: true });
  await bench.change({ contactKey: OTHER, entityId: 'p2' });
  bench.carrier.next({ apply: false, error: refusal(21610) });
  await bench.send();
  await bench.pass(1);
  expect(wishes(bench)).toEqual([
    expect.objectContaining({
      connectionId: 'x1',
      vendor: 'xero',
      contactId: 'p1',
      smsAllowed: false,
      cause: 'error-21610',
    }),
  ]);
  for (const key of [KEY, OTHER])
    expect(bench.carrier.kept.get(key)).toMatchObject({ smsAllowed: false, optOutSource: 'error-21610' });
});

test('says each wish once, and again when it changes', async () => {
  const bench = await withSync();
  await bench.change({ twoWay: true });
  for (const word of ['STOP', 'STOP', 'START', 'STOP'] as const) {
    await bench.pass(1);
    await bench.hear(word);
  }
  expect(wishes(bench).map(({ cause }) => cause)).toEqual(['stop-message', 'start-message', 'stop-message']);
  expect(new Set(wishes(bench).map(({ commandId }) => commandId)).size).toBe(3);
});

test('what the books say of a contact never goes back to them', async () => {
  const bench = await withSync();
  await bench.change({ twoWay: true });
  await bench.hear('STOP');
  await bench.change({ twoWay: true, sourceVersion: 2, smsAllowed: false });
  await bench.change({ twoWay: true, sourceVersion: 3, smsAllowed: null });
  expect(wishes(bench)).toHaveLength(1);
});

test('tells the carrier’s block list only where the connection may', async () => {
  const without = await withSync();
  await without.change({ smsAllowed: false });
  expect(without.carrier.blocked).toEqual([]);
  const bench = await start({ bulkConsents: 'on' });
  await bench.change({ smsAllowed: false });
  await bench.change({ sourceVersion: 2, smsAllowed: true });
  expect(bench.carrier.blocked).toEqual(['+447700900123']);
});

test('obeys a wish also while the carrier cannot be told, and tells it later', async () => {
  const bench = await withSync();
  const busy = failure({ code: 'vendor-rate-limited', disposition: 'park', retryAfterMs: MINUTE });
  bench.carrier.contactErrors.push(busy);
  await bench.change({ smsAllowed: false });
  expect(bench.trail()).toEqual(['parked/vendor-rate-limited']);
  expect(await leaves(bench, 'c1')).toBe(false);
  await bench.pass(5 * MINUTE);
  expect(bench.carrier.kept.get(KEY)).toMatchObject({ smsAllowed: false });
  bench.carrier.contactErrors.push(busy);
  await bench.hear('STOP');
  await bench.pass(5 * MINUTE);
  expect(bench.carrier.kept.get(KEY)).toMatchObject({ optOutSource: 'stop-message' });
});

test('a dry run changes nothing', async () => {
  const bench = await withSync();
  await bench.change();
  const command = bench.driver.sent(topics.contacts)[0];
  if (!command) throw new Error('no command');
  bench.driver.send(
    topics.contacts,
    'tw1',
    { ...command, sourceVersion: 2, name: 'Other' },
    { [headerNames.replayId]: 'r1', [headerNames.replayMode]: 'dry-run' },
  );
  await bench.settle();
  expect(bench.carrier.kept.get(KEY)).toMatchObject({ name: 'Ann' });
  expect(bench.trail().at(-1)).toBe('would-kept');
});
