import { expect, test } from 'vitest';
import { topics } from '#libs/contracts';
import { aCommand, SenderBench, twilioConnection } from './testing/sender-bench.js';
import { busyFor, refusal, tooMany } from './testing/fake-carrier.js';

const MINUTE = 60_000;

test('sends a message once, however often its command is delivered', async () => {
  const bench = await SenderBench.start();
  await bench.send();
  await bench.send();
  await bench.driver.restart();
  await bench.send();
  expect(bench.carrier.messages).toHaveLength(1);
  expect(bench.trail()).toEqual(['sent', 'duplicate/duplicate-of', 'duplicate/duplicate-of']);
});

test('has committed the intent, with the text, when the carrier is called', async () => {
  const bench = await SenderBench.start();
  const seen: unknown[] = [];
  bench.carrier.onSend = () => seen.push(bench.state());
  await bench.send();
  expect(seen).toEqual([expect.objectContaining({ status: 'intended', attempts: 1 })]);
  expect(seen[0]).toHaveProperty('command', JSON.stringify(aCommand()));
});

test('says of a text how many segments it has, and of an e-mail nothing', async () => {
  const bench = await SenderBench.start();
  await bench.send();
  await bench.send({ commandId: 'c2', channel: 'email', to: 'ann@example.com' });
  expect(bench.outcomes().map(({ detail }) => detail)).toEqual(['1 segment (GSM-7)', null]);
});

test('gives the carrier a callback URL that carries the command', async () => {
  const bench = await SenderBench.start();
  await bench.send();
  expect(bench.carrier.calls[0]?.statusCallbackUrl).toBe('https://example.test/tw1/c1');
});

test('parks a message that was answered 429 and sends it later, once', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: false, error: tooMany });
  await bench.send();
  expect(bench.carrier.messages).toHaveLength(0);
  expect(bench.trail()).toEqual(['parked/vendor-rate-limited']);
  expect(bench.state()).toMatchObject({ status: 'released', attempts: 0 });
  await bench.pass(29_000);
  expect(bench.carrier.calls).toHaveLength(1);
  await bench.pass(2 * MINUTE);
  expect(bench.carrier.messages).toHaveLength(1);
  expect(bench.trail()).toEqual(['parked/vendor-rate-limited', 'sent']);
});

test('does not take a crash after a 429 for a lost answer', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: false, error: tooMany });
  await bench.send();
  await bench.driver.restart();
  await bench.pass(2 * MINUTE);
  expect(bench.trail()).toEqual(['parked/vendor-rate-limited', 'sent']);
});

test('records an invalid number as failed and goes on with the next message', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: false, error: refusal(21211) });
  await bench.send();
  await bench.send({ commandId: 'c2' });
  expect(bench.trail()).toEqual(['failed/invalid-number', 'sent']);
  expect(bench.outcomes()[0]).toMatchObject({ errorCode: '21211', detail: 'what 21211 means' });
  expect(bench.state()).toMatchObject({ status: 'refused', command: '' });
});

test('waits when the account is set up wrongly, and sends once it has been put right', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: false, error: refusal(21408) });
  await bench.send();
  expect(bench.trail()).toEqual(['parked/country-not-enabled']);
  await bench.pass(10 * MINUTE);
  expect(bench.trail()).toEqual(['parked/country-not-enabled', 'sent']);
});

test('tries a refusal that may pass as often as the table says, then gives up', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next(...Array.from({ length: 9 }, () => ({ apply: false, error: refusal(30003) })));
  await bench.send();
  for (let hour = 0; hour < 6; hour += 1) await bench.pass(60 * MINUTE);
  expect(bench.carrier.calls).toHaveLength(3);
  expect(bench.trail().at(-1)).toBe('failed/handset-unreachable');
});

test('counts for that only the refusals, not what the message had to wait for before', async () => {
  const bench = await SenderBench.start();
  bench.connection = { ...twilioConnection, status: 'paused' };
  await bench.send();
  for (let wait = 0; wait < 6; wait += 1) await bench.pass(6 * MINUTE);
  bench.connection = twilioConnection;
  bench.carrier.next({ apply: false, error: refusal(30003) }, { apply: false, error: tooMany });
  await bench.pass(6 * MINUTE);
  expect(bench.trail().at(-1)).toBe('parked/handset-unreachable');
  await bench.pass(60 * MINUTE);
  expect(bench.trail().at(-1)).toBe('sent');
  expect(bench.state()).toMatchObject({ status: 'sent', attempts: 1, refusals: null });
});

test('skips a message whose time has passed', async () => {
  const bench = await SenderBench.start();
  await bench.send({ notAfter: bench.clock.now() - 1 });
  expect(bench.carrier.calls).toHaveLength(0);
  expect(bench.trail()).toEqual(['skipped/too-late']);
});

test('keeps messages while the connection is paused, and drops what has become too late by then', async () => {
  const bench = await SenderBench.start();
  bench.connection = { ...twilioConnection, status: 'paused' };
  await bench.send({ notAfter: bench.clock.now() + MINUTE });
  await bench.send({ commandId: 'c2', to: '+447700900999' });
  expect(bench.trail()).toEqual(['parked/paused', 'parked/paused']);
  bench.connection = twilioConnection;
  await bench.pass(15 * MINUTE);
  expect(bench.trail().slice(2).sort()).toEqual(['sent', 'skipped/too-late']);
});

test('waits for the end of quiet hours that began while the message could not leave', async () => {
  const bench = await SenderBench.start();
  const from = bench.clock.now() + MINUTE;
  const until = from + 60 * MINUTE;
  bench.carrier.next({ apply: false, error: busyFor(2 * MINUTE) });
  await bench.send({ quietSpans: [{ from, until }] });
  await bench.pass(59 * MINUTE);
  expect(bench.carrier.messages).toHaveLength(0);
  expect(bench.trail()).toEqual(['parked/vendor-rate-limited', 'parked/quiet-hours']);
  expect(bench.outcomes().at(-1)?.nextTryAt).toBeGreaterThanOrEqual(until);
  await bench.pass(5 * MINUTE);
  expect(bench.trail().at(-1)).toBe('sent');
});

test('waits for a connection that is not known yet, and skips one that was removed', async () => {
  const bench = await SenderBench.start();
  bench.connection = undefined;
  await bench.send();
  bench.connection = { ...twilioConnection, status: 'disconnected' };
  await bench.pass(15 * MINUTE);
  expect(bench.trail()).toEqual(['parked/unknown-connection', 'skipped/disconnected']);
});

test('remembers a recipient whom the carrier reports as opted out', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: false, error: refusal(21610) });
  await bench.send();
  await bench.send({ commandId: 'c2' });
  await bench.send({ commandId: 'c3', to: '+447700900999' });
  expect(bench.carrier.calls).toHaveLength(2);
  expect(bench.trail()).toEqual(['skipped/opted-out', 'skipped/opted-out', 'sent']);
});

test('sends nothing after STOP and again after START', async () => {
  const bench = await SenderBench.start();
  await bench.hear('STOP');
  await bench.hear('STOP');
  await bench.send();
  await bench.hear('START');
  await bench.send({ commandId: 'c2' });
  expect(bench.trail()).toEqual(['opted-out', 'skipped/opted-out', 'opted-in', 'sent']);
});

test('lets a STOP overtake a message that is parked', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: false, error: tooMany });
  await bench.send();
  await bench.hear('STOP');
  await bench.pass(5 * MINUTE);
  expect(bench.carrier.messages).toHaveLength(0);
  expect(bench.trail().at(-1)).toBe('skipped/opted-out');
});

test('keeps the order of messages to one recipient, also when the first must wait', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: false, error: tooMany });
  await bench.send({ body: 'first' });
  await bench.send({ commandId: 'c2', body: 'second' });
  await bench.send({ commandId: 'c3', to: '+447700900999', body: 'to somebody else' });
  await bench.pass(5 * MINUTE);
  expect(bench.carrier.messages.map(({ body }) => body)).toEqual(['to somebody else', 'first', 'second']);
});

test('sends to many recipients at once', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: false, hang: true });
  bench.driver.send(topics.messages, 'tw1', aCommand());
  bench.driver.send(topics.messages, 'tw1', aCommand({ commandId: 'c2', to: '+447700900999' }));
  await expect.poll(() => bench.carrier.calls.length).toBe(2);
});

test('puts neither numbers nor texts into the trail', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next(
    { apply: true },
    { apply: false, error: refusal(21211) },
    { apply: false, error: tooMany },
  );
  await bench.send();
  await bench.send({ commandId: 'c2' });
  await bench.send({ commandId: 'c3', channel: 'email', to: 'ada@example.com' });
  await bench.hear('STOP');
  const told = JSON.stringify(bench.outcomes());
  expect(told).not.toMatch(/7700900123|is due|ada@/);
  expect(bench.outcomes().map(({ recipient }) => recipient)).toContain('a•••@example.com');
});

test('names the trace of the record in what it tells and writes', async () => {
  const bench = await SenderBench.start();
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  bench.driver.send(topics.messages, 'tw1', aCommand(), { traceparent });
  await bench.settle();
  expect(bench.outcomes()[0]).toMatchObject({ traceId: traceparent.slice(3, 35), step: 'send' });
});

test('says at which step a message is parked', async () => {
  const bench = await SenderBench.start();
  bench.carrier.next({ apply: false, error: tooMany });
  await bench.send();
  expect(bench.outcomes()[0]).toMatchObject({
    step: 'send',
    status: 'parked',
    commandId: 'c1',
    recipient: '+44••••••••23',
  });
});
