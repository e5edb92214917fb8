import { expect, test } from 'vitest';
import { type AccountingRecord, topics } from '#libs/contracts';
import { sampleContact, sampleInvoice, sampleSource, sampleTarget } from '#libs/flows';
import { issuedStep, MapperBench, overdueStep } from './testing/mapper-bench.js';

const DAY = 86_400_000;
const NEXT_MORNING = Date.UTC(2026, 10, 22, 9);

function contact(id: string): AccountingRecord {
  return sampleContact({ name: `Contact ${id}` }, { entityId: id, recordId: `r-${id}` });
}

function invoice(id: string, contactId = 'a', around: Partial<AccountingRecord> = {}): AccountingRecord {
  const about = { entityId: id, recordId: `r-${id}`, contentHash: id, entityNumber: id, ...around };
  return sampleInvoice({ number: id, contactId, dueDate: '2026-11-19' }, about);
}

/** Takes records and lets their messages come to the cap, and back from it. */
async function takeThrough(bench: MapperBench, ...records: readonly AccountingRecord[]): Promise<void> {
  await bench.take(...records);
  await bench.pass(1);
  await bench.pass(1);
}

function start(head: string): Promise<MapperBench> {
  return MapperBench.start([issuedStep], undefined, head);
}

test('lets through as many messages a day as the flow allows, and puts the next one off', async () => {
  const bench = await start('dailyCap: 2');
  await takeThrough(bench, contact('a'), invoice('I1'), invoice('I2'), invoice('I3'));
  expect(bench.messages()).toHaveLength(2);
  expect(bench.outcomes().at(-1)).toMatchObject({
    status: 'deferred',
    reason: 'daily-cap',
    nextTryAt: NEXT_MORNING,
    flowStep: 'issued',
  });
  await bench.passUntil(NEXT_MORNING);
  const question = bench.questions().at(-1);
  await takeThrough(bench, {
    ...invoice(question?.entityId ?? ''),
    version: 9e12,
    recheckTokens: [question?.recheckToken ?? ''],
    recheck: true,
  });
  expect(new Set(bench.messages().map(({ entityId }) => entityId))).toEqual(new Set(['I1', 'I2', 'I3']));
});

test('counts two contacts with one number as one person', async () => {
  const bench = await start('dailyCap: 1');
  await takeThrough(bench, contact('a'), contact('b'), invoice('I1', 'a'), invoice('I2', 'b'));
  expect(bench.messages()).toHaveLength(1);
  expect(bench.trail()).toContain('deferred/daily-cap');
});

/** Books of another vendor, with a flow of their own for the same step. */
function connectOtherBooks(bench: MapperBench, workspaceId: string, head = ''): Partial<AccountingRecord> {
  const connectionId = 'other-books';
  bench.connections.set(connectionId, { ...sampleSource, connectionId, workspaceId });
  bench.connections.set(sampleTarget.connectionId, { ...sampleTarget, workspaceId });
  const flow = { flowId: 'others', sourceConnectionId: connectionId, workspaceId };
  bench.applyFlow([issuedStep], flow, head);
  return { connectionId, workspaceId };
}

test('counts over all connections of a workspace: a person is one, whichever books he is in', async () => {
  const bench = await start('dailyCap: 1');
  const elsewhere = connectOtherBooks(bench, sampleSource.workspaceId, 'dailyCap: 1');
  await takeThrough(bench, contact('a'), invoice('I1'));
  await takeThrough(bench, { ...contact('b'), ...elsewhere }, invoice('I2', 'b', elsewhere));
  expect(bench.messages().map(({ flowId }) => flowId)).toEqual(['invoices']);
  expect(bench.trail()).toContain('deferred/daily-cap');
});

test('a message of books whose flows have no cap counts too where another flow of the workspace has one', async () => {
  const bench = await start('dailyCap: 1');
  const elsewhere = connectOtherBooks(bench, sampleSource.workspaceId);
  await takeThrough(bench, { ...contact('b'), ...elsewhere }, invoice('I2', 'b', elsewhere));
  await takeThrough(bench, contact('a'), invoice('I1'));
  expect(bench.messages().map(({ flowId }) => flowId)).toEqual(['others']);
});

test('what one company sends counts for no other one', async () => {
  const bench = await start('dailyCap: 1');
  await takeThrough(bench, contact('a'), invoice('I1'));
  const elsewhere = connectOtherBooks(bench, 'another-company', 'dailyCap: 1');
  await takeThrough(bench, { ...contact('b'), ...elsewhere }, invoice('I2', 'b', elsewhere));
  expect(bench.messages().map(({ flowId }) => flowId)).toEqual(['invoices', 'others']);
});

test('killed between the question and its answer, a message is counted once and leaves once', async () => {
  const bench = await start('dailyCap: 2');
  for (const record of [contact('a'), invoice('I1')])
    bench.driver.send(topics.records, record.connectionId, record);
  await bench.driver.settle();
  expect(bench.driver.sent(topics.capQuestions)).toHaveLength(1);
  await bench.driver.restart();
  await bench.settle();
  await bench.driver.restart();
  await bench.settle();
  expect(bench.driver.sent(topics.capAnswers)).toHaveLength(1);
  expect(bench.messages()).toHaveLength(1);
  await takeThrough(bench, invoice('I2'), invoice('I3'));
  expect(bench.messages()).toHaveLength(2);
});

test('a question tells nobody’s address', async () => {
  const bench = await start('dailyCap: 1');
  await takeThrough(bench, contact('a'), invoice('I1'));
  const told = JSON.stringify(bench.driver.sent(topics.capQuestions));
  expect(told).not.toContain(bench.messages()[0]?.to ?? '-');
});

test('counts a contact over all its addresses', async () => {
  const bench = await start('dailyCap: 1');
  await takeThrough(bench, contact('a'), invoice('I1'));
  const moved = sampleContact(
    { phones: [{ kind: 'mobile', countryCode: null, areaCode: null, number: '+447911123999' }] },
    { entityId: 'a', recordId: 'moved', version: 9e12 },
  );
  await takeThrough(bench, moved, invoice('I2'));
  expect(bench.messages()).toHaveLength(1);
});

test('counts the messages of flows without a cap as well', async () => {
  const bench = await start('');
  bench.applyFlow([issuedStep], { flowId: 'capped' }, 'dailyCap: 1');
  await takeThrough(bench, contact('a'), invoice('I1'));
  expect(bench.messages().map(({ flowId }) => flowId)).toContain('invoices');
  await takeThrough(bench, invoice('I2'));
  expect(bench.messages().filter(({ flowId }) => flowId === 'invoices')).toHaveLength(2);
  expect(bench.messages().filter(({ flowId }) => flowId === 'capped').length).toBeLessThanOrEqual(1);
});

test('skips what is beyond the cap where the flow says so', async () => {
  const bench = await start('dailyCap: 1\nbeyondCap: skip');
  await takeThrough(bench, contact('a'), invoice('I1'), invoice('I2'));
  expect(bench.messages()).toHaveLength(1);
  expect(bench.trail()).toContain('skipped/daily-cap');
});

test('begins anew the next day', async () => {
  const bench = await start('dailyCap: 1\nbeyondCap: skip');
  await takeThrough(bench, contact('a'), invoice('I1'));
  await bench.pass(DAY);
  await takeThrough(bench, invoice('I2'));
  expect(bench.messages()).toHaveLength(2);
});

test('is the same after a restart, and derives nothing twice', async () => {
  const bench = await start('dailyCap: 1');
  await takeThrough(bench, contact('a'), invoice('I1'));
  await bench.driver.restart();
  await takeThrough(bench, invoice('I1', 'a', { version: 9e12, origin: 'replay' }), invoice('I2'));
  expect(bench.messages()).toHaveLength(1);
  expect(bench.trail()).toContain('duplicate/duplicate-of');
});

test('lets what is urgent through', async () => {
  const bench = await MapperBench.start([`${issuedStep}\n    urgent: true`], undefined, 'dailyCap: 1');
  await takeThrough(bench, contact('a'), invoice('I1'), invoice('I2'));
  expect(bench.messages()).toHaveLength(2);
});

test('puts a reminder off to the next day', async () => {
  const bench = await MapperBench.start([overdueStep], undefined, 'dailyCap: 1');
  await takeThrough(bench, contact('a'), invoice('I1'), invoice('I2'));
  await bench.passUntil(Date.UTC(2026, 10, 22, 9));
  const answers = bench.questions().map(({ entityId, recheckToken }) => ({
    ...invoice(entityId, 'a', { version: 8e12 }),
    recheck: true,
    recheckTokens: [recheckToken ?? ''],
  }));
  await takeThrough(bench, ...answers);
  expect(bench.messages()).toHaveLength(1);
  const nine = Date.UTC(2026, 10, 23, 9);
  expect(bench.outcomes().filter(({ status }) => status === 'deferred')).toMatchObject([{ nextTryAt: nine }]);
  await bench.passUntil(nine);
  const again = bench.questions().at(-1);
  await takeThrough(bench, {
    ...invoice(again?.entityId ?? '', 'a', { version: 9e12 }),
    recheck: true,
    recheckTokens: [again?.recheckToken ?? ''],
  });
  expect(bench.messages()).toHaveLength(2);
});
