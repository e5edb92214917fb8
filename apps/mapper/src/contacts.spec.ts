import { expect, test } from 'vitest';
import type { AccountingRecord, Contact } from '#libs/contracts';
import { sampleBill, sampleContact, sampleSource, sampleVendor } from '#libs/flows';
import { MapperBench } from './testing/mapper-bench.js';

let versions = 0;

function contact(over: Partial<Contact> = {}, around: Partial<AccountingRecord> = {}): AccountingRecord {
  versions += 1;
  const record = sampleContact(over, { recordId: `c${versions}`, contentHash: `${versions}` });
  return { ...record, version: record.version + versions, ...around };
}

function start(contacts = '{ of: customers, twoWay: true }'): Promise<MapperBench> {
  return MapperBench.start([], undefined, `contacts: ${contacts}`);
}

test('keeps a contact at Twilio: who it is, how it is reached, what the books say of its wishes', async () => {
  const bench = await start();
  const record = contact({ smsAllowed: false });
  await bench.take(record);
  expect(bench.contacts()).toMatchObject([
    {
      action: 'upsert',
      contactKey: `xero:00000000-0000-4000-8000-000000000001:contact:sample-contact`,
      connectionId: 'sample-twilio',
      name: 'Rowan Fitch',
      kind: 'customer',
      phone: '+447911123456',
      email: 'rowan@example.com',
      smsAllowed: false,
      emailAllowed: null,
      country: 'GB',
      twoWay: true,
      sourceVersion: record.version,
    },
  ]);
  expect(bench.trail()).toEqual(['mapped/contact-kept']);
});

test('tells of a change once, and of one that is undone as well', async () => {
  const bench = await start();
  const first = contact();
  const second = contact({ email: 'new@example.com' });
  await bench.take(first, second, second, contact());
  expect(bench.contacts().map(({ email }) => email)).toEqual([
    'rowan@example.com',
    'new@example.com',
    'rowan@example.com',
  ]);
});

test('says nothing of changes that are not kept', async () => {
  const bench = await start();
  await bench.take(contact(), contact({ region: 'Kent' }));
  expect(bench.contacts()).toHaveLength(1);
  expect(bench.trail().at(-1)).toBe('skipped/nothing-new');
});

test('tells of every change of a contact, of one back to a former state too, and of none twice', async () => {
  const bench = await MapperBench.start([
    `
  - id: alert
    when: contact.changed
    to: { staff: { emails: [team@example.com] } }
    channel: email
    template: { subject: changed, text: '{{ contact.email }}' }`,
  ]);
  const [x, y] = [{ email: 'x@example.com' }, { email: 'y@example.com' }];
  const states = [contact(x), contact(y), contact(x), contact(y), contact(x)];
  await bench.take(...states.flatMap((state) => [state, state]));
  // Older ones again, and the newest once more with a later version: a touch without a change.
  await bench.take(...states, contact(x));
  expect(bench.bodies()).toEqual(['y@example.com', 'x@example.com', 'y@example.com', 'x@example.com']);
});

test('reads numbers without a country code by the address of the contact before that of the company', async () => {
  const bench = await start();
  bench.connections.set(sampleSource.connectionId, { ...sampleSource, country: 'NL' });
  const phones = [{ kind: 'mobile', countryCode: null, areaCode: null, number: '06 12 34 56 78' }];
  await bench.take(contact({ country: 'FR', phones }), contact({ country: 'FR', phones: [] }));
  expect(bench.contacts()).toMatchObject([
    { phone: '+33612345678', formerPhones: [] },
    { phone: null, formerPhones: ['+33612345678'] },
  ]);
});

test('names the numbers that are no longer the contact’s', async () => {
  const bench = await start();
  await bench.take(contact(), contact({ phones: [] }));
  expect(bench.contacts().at(-1)).toMatchObject({ phone: null, formerPhones: ['+447911123456'] });
});

test.each([
  ['archived', contact({ status: 'archived' })],
  ['erased', contact({ status: 'erased', name: 'x' })],
  ['merged', contact({ mergedIntoId: 'other' })],
  ['deleted', contact({}, { deleted: true, contact: null })],
])('removes one that was %s, without its particulars', async (_, record) => {
  const bench = await start();
  await bench.take(contact({}, { version: 1 }), record);
  expect(bench.contacts().at(-1)).toMatchObject({ action: 'remove', name: null, phone: null, email: null });
});

test('keeps those whom the flow means, and removes who no longer is', async () => {
  const bench = await start('{ of: customers, if: { group: VIP } }');
  await bench.take(contact(), contact({ groups: ['VIP'] }), contact({ groups: [] }));
  expect(bench.contacts().map(({ action }) => action)).toEqual(['upsert', 'remove']);
  const vendors = await start('{ of: vendors }');
  await vendors.take(contact(), sampleVendor());
  expect(vendors.contacts()).toMatchObject([{ kind: 'supplier', name: 'Tidewater Ropes' }]);
});

test('compares a bill with what it was, where a flow looks at bills', async () => {
  const approval = `
  - { id: approve, when: bill.awaiting-approval, to: vendor, channel: email, template: { text: '{{ bill.number }}', subject: s } }`;
  const bench = await MapperBench.start([approval]);
  const draft = sampleBill({ status: 'draft', issueDate: '2026-01-05' });
  const submitted = { ...sampleBill({ status: 'submitted', issueDate: '2026-01-05' }), version: 9e12 };
  await bench.take(sampleVendor(), draft, submitted, { ...submitted, version: 9e12 + 1 });
  expect(bench.bodies()).toEqual(['BILL-77']);
  expect(bench.trail().at(-1)).toBe('skipped/nothing-new');
});
