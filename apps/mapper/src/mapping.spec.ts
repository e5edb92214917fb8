import { expect, test } from 'vitest';
import { type AccountingRecord, topics } from '#libs/contracts';
import { LedgerwireError } from '#libs/core';
import {
  defaultTemplateLimits,
  InlineRenderer,
  sampleContact,
  sampleInvoice,
  samplePayment,
  sampleTarget,
  WorkerRenderer,
} from '#libs/flows';
import { issuedStep, MapperBench, overdueStep, paymentStep } from './testing/mapper-bench.js';

const contact = sampleContact();
const invoice = sampleInvoice();

/** A later state of a record. */
function later(record: AccountingRecord, by = 1): AccountingRecord {
  const version = record.version + by;
  return { ...record, version, recordId: `${record.recordId}+${by}`, contentHash: `content of ${version}` };
}

test('makes one message of an issued invoice', async () => {
  const bench = await MapperBench.start([issuedStep]);
  await bench.take(contact, invoice);
  expect(bench.bodies()).toEqual(['Invoice INV-1001 over 1250.5 for Rowan Fitch']);
  expect(bench.messages()[0]).toMatchObject({
    to: '+447911123456',
    connectionId: 'sample-twilio',
    origin: 'webhook',
  });
  expect(bench.outcomes().at(-1)).toMatchObject({
    status: 'mapped',
    flowId: 'invoices',
    flowStep: 'issued',
    commandId: bench.messages()[0]?.commandId,
    webhookIds: ['sample-webhook'],
    recordId: invoice.recordId,
    entityNumber: 'INV-1001',
  });
});

test('drops what was derived before, and says of which record', async () => {
  const bench = await MapperBench.start([issuedStep]);
  await bench.take(contact, invoice);
  await bench.driver.restart();
  await bench.take({ ...later(invoice), origin: 'replay' });
  expect(bench.messages()).toHaveLength(1);
  expect(bench.outcomes().at(-1)).toMatchObject({
    status: 'duplicate',
    reason: 'duplicate-of',
    detail: expect.stringContaining(invoice.recordId) as string,
    commandId: bench.messages()[0]?.commandId,
  });
});

test('makes nothing of a change that announces nothing', async () => {
  const bench = await MapperBench.start([issuedStep]);
  await bench.take(contact, invoice, later(sampleInvoice({ reference: 'PO 78' })));
  expect(bench.messages()).toHaveLength(1);
  expect(bench.trail().at(-1)).toBe('skipped/nothing-new');
});

test('refuses an older state after a newer one', async () => {
  const bench = await MapperBench.start([issuedStep]);
  await bench.take(contact, later(sampleInvoice({ status: 'draft' }), 5));
  await bench.take(invoice);
  expect(bench.messages()).toHaveLength(0);
  expect(bench.trail().at(-1)).toBe('superseded/stale-record');
});

test('keeps contacts and sales invoices without the JSON of the vendor, and no bills', async () => {
  const bench = await MapperBench.start([issuedStep]);
  const bill = sampleInvoice({ kind: 'purchase' }, { entityType: 'bill', entityId: 'b1' });
  await bench.take(contact, { ...invoice, raw: '{"secret":1}' }, bill);
  expect(bench.entity('invoice', 'sample-invoice')).toMatchObject({ raw: '' });
  expect(bench.entity('contact', 'sample-contact')).toBeDefined();
  expect(bench.entity('bill', 'b1')).toBeUndefined();
});

test('confirms a payment with the invoice that it settles', async () => {
  const bench = await MapperBench.start([paymentStep]);
  await bench.take(contact, invoice, samplePayment());
  expect(bench.bodies()).toEqual(['Thank you for 1250.5 on INV-1001']);
});

test.each([
  ['no-phone-number', sampleContact({ phones: [], email: null })],
  ['contact-archived', sampleContact({ status: 'archived' })],
  [
    'invalid-phone-number',
    sampleContact({ phones: [{ kind: 'mobile', countryCode: null, areaCode: null, number: '12' }] }),
  ],
])('skips with %s when the contact cannot be reached', async (reason, unreachable) => {
  const bench = await MapperBench.start([issuedStep]);
  await bench.take(unreachable, invoice);
  expect(bench.messages()).toHaveLength(0);
  expect(bench.trail().at(-1)).toBe(`skipped/${reason}`);
});

test('waits for a contact that comes after its invoice, and asks for it', async () => {
  const bench = await MapperBench.start([issuedStep]);
  await bench.take(invoice);
  expect(bench.trail()).toEqual(['waiting/no-contact-yet']);
  expect(bench.questions()).toEqual([
    expect.objectContaining({
      entityType: 'contact',
      entityId: 'sample-contact',
      recheck: true,
      webhookId: 'sample-webhook',
    }),
  ]);
  await bench.take(contact);
  expect(bench.bodies()).toEqual(['Invoice INV-1001 over 1250.5 for Rowan Fitch']);
  await bench.pass(3_600_000);
  expect(bench.messages()).toHaveLength(1);
  expect(bench.trail()).not.toContain('duplicate/duplicate-of');
});

test('asks again and in the end skips when the contact never comes', async () => {
  const bench = await MapperBench.start([issuedStep]);
  await bench.take(invoice);
  await bench.pass(3_600_000);
  expect(bench.questions()).toHaveLength(4);
  expect(new Set(bench.questions().map(({ noticeId }) => noticeId)).size).toBe(4);
  expect(bench.trail().at(-1)).toBe('skipped/no-contact');
  await bench.take(contact);
  expect(bench.messages()).toHaveLength(0);
});

test('does not use up the waits of a record by other records of the same debtor', async () => {
  const bench = await MapperBench.start([issuedStep]);
  for (let count = 0; count < 8; count += 1) {
    await bench.take(
      sampleInvoice({ number: `INV-${count}` }, { entityId: `i${count}`, recordId: `r${count}` }),
    );
  }
  expect(bench.questions()).toHaveLength(8);
  await bench.take(contact);
  expect(bench.messages()).toHaveLength(8);
});

test('gives a record its last wait in full, whatever else comes of its debtor meanwhile', async () => {
  const bench = await MapperBench.start([issuedStep]);
  await bench.take(invoice);
  await bench.pass(100_000);
  expect(bench.questions()).toHaveLength(4);
  await bench.take(sampleInvoice({ number: 'INV-2' }, { entityId: 'i2', recordId: 'r2' }));
  await bench.take(contact);
  expect(bench.messages()).toHaveLength(2);
});

test('sends at once what lacks nothing, and does not call it a duplicate when the rest follows', async () => {
  const staffStep = issuedStep
    .replace('id: issued', 'id: staff')
    .replace('to: customer', "to: { staff: { phones: ['+447911123457'] } }");
  const bench = await MapperBench.start([issuedStep, staffStep.replace(' for {{ contact.name }}', '')]);
  await bench.take(invoice);
  expect(bench.messages().map(({ flowStep }) => flowStep)).toEqual(['staff']);
  await bench.take(contact);
  expect(bench.messages().map(({ flowStep }) => flowStep)).toEqual(['staff', 'issued']);
  expect(bench.trail()).not.toContain('duplicate/duplicate-of');
});

test('evaluates each of many invoices of a contact that cannot be read for itself alone', async () => {
  const bench = await MapperBench.start([issuedStep, overdueStep]);
  const ids = Array.from({ length: 30 }, (_, index) => `i${index}`);
  await bench.take(...ids.map((entityId) => sampleInvoice({}, { entityId, recordId: entityId })));
  const told = ids.flatMap(() => ['scheduled', 'scheduled', 'waiting/no-contact-yet']);
  expect(bench.trail()).toEqual(told);
  // The first of its waits: asked for again, and nothing planned twice.
  await bench.pass(2_000);
  expect(bench.trail()).toEqual([...told, ...ids.map(() => 'waiting/no-contact-yet')]);
  await bench.take(contact);
  expect(bench.messages()).toHaveLength(ids.length);
  expect(bench.trail().filter((word) => word === 'scheduled')).toHaveLength(2 * ids.length);
});

test('moves the reminders of an invoice to the clocks of its debtor, who is known only later', async () => {
  const bench = await MapperBench.start([issuedStep, overdueStep.replace("at: '09:00'", 'zone: recipient')]);
  await bench.take(invoice, sampleContact({ timeZone: 'America/New_York' }));
  const planned = bench.outcomes().filter(({ status }) => status === 'scheduled');
  expect(planned.map(({ nextTryAt }) => new Date(nextTryAt ?? 0).toISOString())).toEqual([
    '2026-12-08T09:00:00.000Z',
    '2026-12-15T09:00:00.000Z',
    '2026-12-08T14:00:00.000Z',
    '2026-12-15T14:00:00.000Z',
  ]);
});

test('wakes the payment that waits for an invoice, and no other', async () => {
  const bench = await MapperBench.start([paymentStep]);
  const other = samplePayment({ invoiceId: 'other' }, { entityId: 'p2', recordId: 'p2' });
  await bench.take(contact, samplePayment(), other);
  const before = bench.outcomes().length;
  await bench.take(invoice);
  expect(bench.bodies()).toEqual(['Thank you for 1250.5 on INV-1001']);
  expect(
    bench
      .outcomes()
      .slice(before)
      .map(({ entityId }) => entityId),
  ).not.toContain('p2');
});

test('compares a state that comes while an earlier one waits with what was evaluated last', async () => {
  const bench = await MapperBench.start([issuedStep]);
  await bench.take(sampleInvoice({ status: 'draft' }));
  await bench.take(later(invoice, 1));
  await bench.take(later(sampleInvoice({ reference: 'PO 78' }), 2));
  await bench.take(contact);
  await bench.pass(3_600_000);
  expect(bench.messages()).toHaveLength(1);
});

test('survives a crash while a record waits', async () => {
  const bench = await MapperBench.start([issuedStep]);
  await bench.take(invoice);
  await bench.driver.restart();
  await bench.take(contact);
  expect(bench.messages()).toHaveLength(1);
});

test('follows a merged contact to the one that lives on', async () => {
  const bench = await MapperBench.start([issuedStep]);
  const other = sampleContact({ name: 'Merged & Co' }, { entityId: 'k2', recordId: 'r-k2' });
  // Lanes of their own: the invoice of the one contact does not wait for the other.
  await bench.take(other);
  await bench.take(sampleContact({ mergedIntoId: 'k2', status: 'archived' }), invoice);
  expect(bench.bodies()).toEqual(['Invoice INV-1001 over 1250.5 for Merged & Co']);
});

function merged(entityId: string, mergedIntoId: string | null, name = entityId): AccountingRecord {
  const status = mergedIntoId === null ? 'active' : 'archived';
  return sampleContact({ name, mergedIntoId, status }, { entityId, recordId: `${entityId} ${mergedIntoId}` });
}

test('follows a chain of merges to its end, for reminders too', async () => {
  const bench = await MapperBench.start([issuedStep, overdueStep.replace('invoice.number', 'contact.name')]);
  const about = sampleInvoice({ contactId: 'a' });
  await bench.take(merged('a', 'b'), merged('b', 'c'), merged('c', 'd'), merged('d', null));
  await bench.take(about);
  expect(bench.bodies()).toEqual(['Invoice INV-1001 over 1250.5 for d']);
  await bench.passUntil(Date.UTC(2026, 11, 8, 9));
  const token = bench.questions().at(-1)?.recheckToken ?? '';
  await bench.take({ ...later(about), recheck: true, recheckTokens: [token], origin: 'timer' });
  expect(bench.bodies().at(-1)).toBe('Please pay d: 1250.5');
});

test('asks for the end of a chain of merges, and says that there is no contact when it never comes', async () => {
  const bench = await MapperBench.start([issuedStep]);
  await bench.take(merged('a', 'b'), merged('b', 'c'));
  await bench.take(sampleInvoice({ contactId: 'a' }));
  expect(bench.questions()).toMatchObject([{ entityType: 'contact', entityId: 'c' }]);
  await bench.pass(3_600_000);
  expect(bench.trail().at(-1)).toBe('skipped/no-contact');
  expect(bench.messages()).toEqual([]);
});

test('says that there is no contact where contacts were merged in a circle', async () => {
  const bench = await MapperBench.start([issuedStep]);
  await bench.take(merged('a', 'b'), merged('b', 'a'));
  await bench.take(sampleInvoice({ contactId: 'a' }));
  expect(bench.trail().at(-1)).toBe('skipped/no-contact');
  expect(bench.questions()).toEqual([]);
});

test('does not tell a contact that was deleted', async () => {
  const bench = await MapperBench.start([issuedStep]);
  await bench.take({ ...contact, deleted: true, contact: null }, invoice);
  expect(bench.trail().at(-1)).toBe('skipped/no-contact');
});

test('records a failing template, and the next record goes on', async () => {
  const bench = await MapperBench.start();
  bench.applyFlow([issuedStep.replace("'Invoice", "'{% for a in (1..9000) %}{{ a }}{% endfor %}")]);
  bench.applyFlow([issuedStep], { flowId: 'sound' });
  await bench.take(contact, invoice);
  expect(bench.trail().slice(1)).toEqual(['failed/template-error', 'mapped']);
});

test('stops a template that never ends, without stopping anything else', async () => {
  const endless = '{% for a in (1..90000) %}{% for b in (1..90000) %}{% endfor %}{% endfor %}';
  const limits = { ...defaultTemplateLimits, renderMs: 1e9, memoryUnits: 1e12, steps: 1e12 };
  const renderer = new WorkerRenderer({ deadlineMs: 100, limits });
  const bench = await MapperBench.start([issuedStep.replace("'Invoice", `'${endless}`)], renderer);
  bench.applyFlow([issuedStep], { flowId: 'sound' });
  await bench.take(contact, invoice);
  await renderer.close();
  expect(bench.trail().slice(1)).toEqual(['failed/template-error', 'mapped']);
});

test('says what is wrong with a flow that does not parse, and the other flows go on', async () => {
  const bench = await MapperBench.start([issuedStep]);
  bench.applyFlow(['\n  - id: broken\n    when: invoice.isued'], { flowId: 'broken' });
  await bench.take(contact, invoice);
  const failed = bench.outcomes().filter(({ status }) => status === 'failed');
  expect(failed.at(-1)).toMatchObject({
    reason: 'flow-invalid',
    flowId: 'broken',
    detail: expect.stringMatching(/line 9: .*invoice\.issued/) as string,
  });
  expect(bench.messages()).toHaveLength(1);
});

test('goes by the flow that is in force when the record comes', async () => {
  const bench = await MapperBench.start([issuedStep]);
  await bench.take(contact);
  bench.applyFlow([issuedStep.replace('Invoice', 'Your invoice')]);
  await bench.take(invoice);
  expect(bench.messages()[0]).toMatchObject({
    flowVersion: 2,
    body: expect.stringContaining('Your invoice') as string,
  });
});

test('plans and sends nothing for a flow that is switched off', async () => {
  const bench = await MapperBench.start();
  bench.applyFlow([issuedStep], { enabled: false });
  await bench.take(contact, invoice);
  expect(bench.messages()).toHaveLength(0);
  expect(bench.trail().at(-1)).toBe('skipped/flow-disabled');
});

test('uses no flow of another workspace', async () => {
  const bench = await MapperBench.start();
  bench.applyFlow([issuedStep], { workspaceId: 'somebody-else' });
  await bench.take(contact, invoice);
  expect(bench.messages()).toHaveLength(0);
  expect(bench.trail().at(-1)).toBe('skipped/no-flow');
});

test('says that no flow is about a record', async () => {
  const bench = await MapperBench.start([paymentStep]);
  await bench.take(invoice);
  expect(bench.trail()).toEqual(['skipped/no-trigger']);
});

test('says so when the connection that a flow sends by is not known', async () => {
  const bench = await MapperBench.start([issuedStep]);
  bench.connections.delete(sampleTarget.connectionId);
  await bench.take(contact, invoice);
  expect(bench.trail().at(-1)).toBe('failed/unknown-connection');
});

test('maps nothing of a connection that was removed', async () => {
  const bench = await MapperBench.start([issuedStep]);
  const source = bench.connections.get(invoice.connectionId);
  if (source) bench.connections.set(invoice.connectionId, { ...source, status: 'disconnected' });
  await bench.take(contact, invoice);
  expect(bench.trail()).toEqual(['skipped/disconnected', 'skipped/disconnected']);
});

test('waits when the renderer is away, and keeps the order of the debtor', async () => {
  let away = true;
  const inline = new InlineRenderer();
  const bench = await MapperBench.start([issuedStep, paymentStep], {
    render: (request) =>
      away
        ? Promise.reject(new LedgerwireError('gone', { code: 'renderer-unavailable', disposition: 'retry' }))
        : inline.render(request),
    close: () => inline.close(),
  });
  await bench.take(contact, invoice, samplePayment());
  expect(bench.trail().at(-1)).toBe('parked/renderer-unavailable');
  away = false;
  await bench.pass(600_000);
  expect(bench.messages().map(({ flowStep }) => flowStep)).toEqual(['issued', 'thanks']);
});

test('puts no address and no text into the trail', async () => {
  const bench = await MapperBench.start([issuedStep]);
  await bench.take(contact, invoice);
  const told = JSON.stringify(bench.driver.sent(topics.outcomes));
  expect(told).not.toMatch(/7911123456|Rowan|rowan|Invoice INV-1001 over/);
  expect(told).toContain('+44••••••••56');
});

test('names the trace of the record in what it tells', async () => {
  const bench = await MapperBench.start([issuedStep]);
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  bench.driver.send(topics.records, contact.connectionId, contact, { traceparent });
  bench.driver.send(topics.records, invoice.connectionId, invoice, { traceparent });
  await bench.settle();
  expect(bench.outcomes().at(-1)).toMatchObject({ status: 'mapped', traceId: traceparent.slice(3, 35) });
});
