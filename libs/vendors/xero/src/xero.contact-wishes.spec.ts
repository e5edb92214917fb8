import { expect, test } from 'vitest';
import { answeringXero } from './testing/answering-xero.js';
import { xeroContactWishes } from './xero.contact-wishes.js';

const CONTACT = '4f6c1c2e-7a5b-4c3d-9e8f-0a1b2c3d4e5f';
const GROUP = '9d1b7e60-52a4-4f0e-8c11-6a7b8c9d0e1f';
const PLACE = { ContactGroupID: GROUP, Name: 'No text messages', Status: 'ACTIVE' };

/** Xero with one contact, who is in the groups given, and what it was asked. */
function xeroWith(
  memberOf: readonly object[] | 'gone',
  groups: readonly object[] = [PLACE],
  settings: Readonly<Record<string, string>> = { optOutGroup: 'no text Messages' },
) {
  const { call, asked } = answeringXero((_url, { operation }) => {
    if (operation !== 'contacts.get') return { json: { ContactGroups: groups } };
    if (memberOf === 'gone') return { status: 404, body: '' };
    return { json: { Contacts: [{ ContactID: CONTACT, ContactGroups: memberOf }] } };
  }, settings);
  return { call, asked, written: () => asked.filter(({ operationClass }) => operationClass === 'write') };
}

const refuses = { contactId: CONTACT, smsAllowed: false };
const wants = { contactId: CONTACT, smsAllowed: true };

test('puts who refuses into the group, and takes out who wants messages again', async () => {
  const outside = xeroWith([]);
  expect(await xeroContactWishes.bring(outside.call, refuses)).toBe('written');
  expect(outside.written()).toEqual([
    expect.objectContaining({
      method: 'PUT',
      url: `https://api.xero.com/api.xro/2.0/ContactGroups/${GROUP}/Contacts`,
      body: JSON.stringify({ Contacts: [{ ContactID: CONTACT }] }),
      repeatable: true,
    }),
  ]);
  const inside = xeroWith([PLACE]);
  expect(await xeroContactWishes.bring(inside.call, wants)).toBe('written');
  expect(inside.written()).toEqual([
    expect.objectContaining({
      method: 'DELETE',
      url: `https://api.xero.com/api.xro/2.0/ContactGroups/${GROUP}/Contacts/${CONTACT}`,
    }),
  ]);
});

test('writes nothing where the books say so already', async () => {
  const inside = xeroWith([PLACE]);
  expect(await xeroContactWishes.bring(inside.call, refuses)).toBe('as-wished');
  const outside = xeroWith([{ ...PLACE, Name: 'VIP' }]);
  expect(await xeroContactWishes.bring(outside.call, wants)).toBe('as-wished');
  expect([...inside.written(), ...outside.written()]).toEqual([]);
});

test('a contact that is not there, or has no id of Xero’s kind, is gone and never empties a group', async () => {
  const { call, written, asked } = xeroWith('gone');
  expect(await xeroContactWishes.bring(call, wants)).toBe('gone');
  expect(asked).toHaveLength(1);
  for (const contactId of ['', '.', '../x', 'abc'])
    expect(await xeroContactWishes.bring(call, { contactId, smsAllowed: true })).toBe('gone');
  expect(asked).toHaveLength(1);
  expect(written()).toEqual([]);
});

test('waits for somebody to make the group that the connection names', async () => {
  for (const groups of [[], [{ ...PLACE, Status: 'DELETED' }]])
    await expect(xeroContactWishes.bring(xeroWith([], groups).call, refuses)).rejects.toMatchObject({
      code: 'vendor-misconfigured',
      disposition: 'park',
      effect: 'none',
    });
});

test('is off until a connection names a group', () => {
  expect(xeroContactWishes.isSetUp(xeroWith([]).call.connection)).toBe(true);
  expect(xeroContactWishes.isSetUp(xeroWith([], [], {}).call.connection)).toBe(false);
  expect(xeroContactWishes.isSetUp(xeroWith([], [], { optOutGroup: ' ' }).call.connection)).toBe(false);
});
