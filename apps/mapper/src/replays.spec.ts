import { expect, test } from 'vitest';
import { headerNames, mapperStores, type ReplayMode, topics } from '#libs/contracts';
import { sampleContact, sampleInvoice } from '#libs/flows';
import { issuedStep, MapperBench } from './testing/mapper-bench.js';

const contact = sampleContact();
const invoice = sampleInvoice();

async function replay(bench: MapperBench, mode: ReplayMode, replayId = 'r1'): Promise<void> {
  bench.driver.send(topics.records, invoice.connectionId, invoice, {
    [headerNames.replayId]: replayId,
    [headerNames.replayMode]: mode,
  });
  await bench.driver.settle();
}

function lastOutcome(bench: MapperBench): unknown {
  return bench.outcomes().at(-1);
}

test('a replay does nothing that was done before', async () => {
  const bench = await MapperBench.start([issuedStep]);
  await bench.take(contact, invoice);
  await replay(bench, 'normal');
  expect(bench.messages()).toHaveLength(1);
  expect(lastOutcome(bench)).toMatchObject({ status: 'duplicate', origin: 'replay', replayId: null });
});

test('a dry run sends nothing, keeps nothing, and says what would be new', async () => {
  const bench = await MapperBench.start([issuedStep]);
  await bench.take(contact);
  await replay(bench, 'dry-run');
  expect(bench.messages()).toEqual([]);
  expect(lastOutcome(bench)).toMatchObject({ step: 'replay', status: 'would-mapped', replayId: 'r1' });

  await replay(bench, 'normal', 'r2');
  expect(bench.messages()).toHaveLength(1);
});

test('a dry run says what would be dropped as done, and what would differ now', async () => {
  const bench = await MapperBench.start([issuedStep]);
  await bench.take(contact, invoice);
  await replay(bench, 'dry-run');
  expect(lastOutcome(bench)).toMatchObject({ status: 'would-duplicate', replayId: 'r1' });

  const [message] = bench.messages();
  const derived = bench.driver.stored(mapperStores.commands, message?.commandId ?? '');
  expect(derived?.contentHash).toMatch(/^[0-9a-f]{40}$/);
  await bench.take({ ...contact, version: contact.version + 1, contact: renamed() });
  await replay(bench, 'dry-run', 'r2');
  expect(lastOutcome(bench)).toMatchObject({ status: 'would-different', replayId: 'r2' });
  expect(bench.messages()).toHaveLength(1);
});

test('a forced replay sends once more under an id of its own, however often it is delivered', async () => {
  const bench = await MapperBench.start([issuedStep]);
  await bench.take(contact, invoice);
  await replay(bench, 'forced');
  await replay(bench, 'forced');
  const [first, again, ...others] = bench.messages();
  expect(others).toEqual([]);
  expect(again).toMatchObject({ body: first?.body, resendOf: first?.commandId, origin: 'replay' });
  expect(again?.commandId).not.toBe(first?.commandId);
  expect(bench.outcomes().findLast(({ status }) => status === 'mapped')?.detail).toContain('replay r1');
});

test('a forced replay waits for no hour and passes the daily cap; a dry run says that the message would wait', async () => {
  const head = 'quietHours: { from: "08:30", to: "12:00" }\ndailyCap: 1';
  const bench = await MapperBench.start([issuedStep], undefined, head);
  await bench.take(contact);
  await replay(bench, 'dry-run');
  expect(lastOutcome(bench)).toMatchObject({ status: 'would-deferred', reason: 'quiet-hours' });
  expect(bench.messages()).toEqual([]);
  await replay(bench, 'forced', 'r2');
  await replay(bench, 'forced', 'r3');
  expect(bench.messages()).toHaveLength(2);
});

function renamed(): typeof contact.contact {
  return contact.contact && { ...contact.contact, name: 'Somebody Else', firstName: 'Somebody' };
}
