import { describe, expect, test } from 'vitest';
import type { AccountingRecord, Contact } from '#libs/contracts';
import { sampleContact, sampleInvoice } from '#libs/flows';
import { MapperBench } from './testing/mapper-bench.js';

const notice = `
  - id: notice
    when: invoice.issued
    to: customer
    channel: sms
    template: '{{ invoice.number }}: {{ invoice.total | money }}, {{ invoice.total | amount }}'`;

function contact(id: string, over: Partial<Contact> = {}): AccountingRecord {
  return sampleContact(over, { entityId: id, recordId: `r-${id}` });
}

function invoice(
  id: string,
  over: Parameters<typeof sampleInvoice>[0] = {},
  contactId = 'a',
): AccountingRecord {
  return sampleInvoice(
    { number: id, contactId, ...over },
    { entityId: id, recordId: `r-${id}`, contentHash: id },
  );
}

describe('bad input has a clear outcome', () => {
  test.each([
    ['JPY', '1200', 'I1: ¥1,200, 1,200'],
    ['JPY', '1200.5', 'I1: ¥1,201, 1,201'],
    ['KWD', '1.5', 'I1: KWD 1.500, 1.500'],
    ['XXX', '7', 'I1: ¤7.00, 7.00'],
  ])('an amount in %s is written with the decimal places of the currency', async (currency, total, body) => {
    const bench = await MapperBench.start([notice]);
    await bench.take(contact('a'), invoice('I1', { currency, total, amountDue: total }));
    expect(bench.bodies()).toEqual([body]);
  });

  test.each<[string, Partial<Contact>, string]>([
    ['no phone', { phones: [] }, 'no-phone-number'],
    ['an empty phone', { phones: [phone('  ')] }, 'no-phone-number'],
    ['a phone that is none', { phones: [phone('ask Kim')] }, 'invalid-phone-number'],
    ['a landline only', { phones: [phone('+44 20 7946 0018')] }, 'landline-only'],
    ['no wish for text messages', { smsAllowed: false }, 'sms-not-wanted'],
    ['been archived', { status: 'archived' }, 'contact-archived'],
  ])('a contact that has %s is skipped with the reason', async (_, over, reason) => {
    const bench = await MapperBench.start([notice]);
    await bench.take(contact('a', over), invoice('I1'));
    expect(bench.messages()).toEqual([]);
    expect(bench.outcomes().at(-1)).toMatchObject({ status: 'skipped', reason, flowStep: 'notice' });
  });

  test('two contacts with one number get a message each, about their own invoices', async () => {
    const bench = await MapperBench.start([notice]);
    await bench.take(contact('a'), contact('b'), invoice('I1', {}, 'a'), invoice('I2', {}, 'b'));
    expect(bench.messages().map(({ to, entityId }) => [to, entityId])).toEqual([
      ['+447911123456', 'I1'],
      ['+447911123456', 'I2'],
    ]);
  });

  test('an invoice of ten thousand lines is rendered with the first fifty, and counted whole', async () => {
    const listing = notice.replace(
      '{{ invoice.number }}',
      '{{ invoice.lineCount }} lines, {{ invoice.lines | size }} listed{% comment %}',
    );
    const bench = await MapperBench.start([listing.replace("amount }}'", "amount }}{% endcomment %}'")]);
    const [line] = sampleInvoice().invoice?.lines ?? [];
    const lines = line ? Array.from({ length: 10_000 }, () => line) : [];
    await bench.take(contact('a'), invoice('I1', { lines }));
    expect(bench.bodies()).toEqual(['10000 lines, 50 listed']);
  });

  test('a text that outgrows its bound fails visibly and sends nothing', async () => {
    const endless = notice.replace(
      '{{ invoice.number }}',
      '{% for line in invoice.lines %}{{ line.description }}{{ line.description }}{% endfor %}',
    );
    const bench = await MapperBench.start([endless]);
    const [line] = sampleInvoice().invoice?.lines ?? [];
    const lines = line ? Array.from({ length: 50 }, () => ({ ...line, description: 'x'.repeat(500) })) : [];
    await bench.take(contact('a'), invoice('I1', { lines }));
    expect(bench.messages()).toEqual([]);
    expect(bench.outcomes().at(-1)).toMatchObject({ status: 'failed', reason: 'template-error' });
  });

  test('a flow of a hundred steps that do not apply leaves a bounded trail', async () => {
    const steps = Array.from({ length: 100 }, (_, index) =>
      notice
        .replace('id: notice', `id: notice-${index}`)
        .replace('    to:', '    if: { group: Nobody }\n    to:'),
    );
    const bench = await MapperBench.start(steps);
    await bench.take(contact('a'), invoice('I1'));
    const skipped = bench.outcomes().filter(({ entityId }) => entityId === 'I1');
    expect(skipped).toHaveLength(41);
    expect(skipped.at(0)).toMatchObject({ reason: 'more-reasons' });
    expect(skipped.at(-1)?.detail).toBe('Group is not Nobody.');
  });

  test('an invoice whose reminders nobody will send says that the flow is switched off', async () => {
    const bench = await MapperBench.start();
    const overdue = notice.replace('invoice.issued', 'invoice.overdue\n    days: 3');
    bench.applyFlow([overdue], { enabled: false });
    await bench.take(contact('a'), invoice('I1'));
    expect(bench.trail()).toContain('skipped/flow-disabled');
  });
});

function phone(number: string): Contact['phones'][number] {
  return { kind: 'mobile', countryCode: null, areaCode: null, number };
}
