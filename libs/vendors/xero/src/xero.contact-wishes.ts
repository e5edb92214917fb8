import type { Connection } from '#libs/contracts';
import {
  readJsonAnswer,
  type VendorCall,
  type VendorContactWishes,
  VendorError,
  type VendorRequest,
  type WishOfContact,
  type WishResult,
} from '#libs/vendor-kit';
import { z } from 'zod';

const group = z.object({ ContactGroupID: z.guid(), Name: z.string(), Status: z.string().default('ACTIVE') });
type Group = z.infer<typeof group>;
const groupsAnswer = z.object({ ContactGroups: z.array(group) });
const contactsAnswer = z.object({
  Contacts: z.array(z.object({ ContactID: z.guid(), ContactGroups: z.array(group).default([]) })).length(1),
});

/**
 * Who wants no text messages belongs to the contact group that the connection names. A contact of Xero has no field for a wish,
 * and what it has (ContactNumber, notes, the address lines) is other people's: a group is seen in Xero, can be used in
 * conditions of flows, and joining or leaving it touches nothing else of the contact. Source: Xero-OpenAPI
 * `xero_accounting.yaml`, createContactGroupContacts and deleteContactGroupContact. The group is made by somebody at Xero: what
 * it is called is the company's matter.
 */
export const xeroContactWishes: VendorContactWishes = {
  isSetUp: (connection) => groupNameOf(connection) !== undefined,
  bring,
};

async function bring(call: VendorCall, wish: WishOfContact): Promise<WishResult> {
  // Without an id the path of the removal would empty the whole group.
  if (!z.guid().safeParse(wish.contactId).success) return 'gone';
  const name = groupNameOf(call.connection);
  const member = await memberships(call, wish.contactId);
  if (member === 'gone') return 'gone';
  const isMember = member.some((one) => isNamed(one, name));
  if (isMember !== wish.smsAllowed) return 'as-wished';
  const place = await findGroup(call, name);
  await call.request(wish.smsAllowed ? leave(call, place, wish) : join(call, place, wish));
  return 'written';
}

async function memberships(call: VendorCall, contactId: string): Promise<readonly Group[] | 'gone'> {
  const request = { ...ask(call, 'contacts.get', `/Contacts/${contactId}`), expect: [404] };
  const { status, body } = await call.request(request);
  if (status === 404) return 'gone';
  return readJsonAnswer('xero', request, body, contactsAnswer).Contacts.flatMap(
    ({ ContactGroups }) => ContactGroups,
  );
}

/** @throws VendorError that parks: somebody has to make the group, or name it as it is called. */
async function findGroup(call: VendorCall, name: string | undefined): Promise<Group> {
  const request = ask(call, 'contact-groups.list', '/ContactGroups');
  const { body } = await call.request(request);
  const found = readJsonAnswer('xero', request, body, groupsAnswer).ContactGroups.find((one) =>
    isNamed(one, name),
  );
  if (found) return found;
  throw new VendorError(
    'Xero has no contact group of the name that the setting optOutGroup gives; make one',
    {
      code: 'vendor-misconfigured',
      disposition: 'park',
      vendor: 'xero',
      effect: 'none',
      operation: request.operation,
    },
  );
}

function join(call: VendorCall, { ContactGroupID }: Group, { contactId }: WishOfContact): VendorRequest {
  const request = ask(call, 'contact-groups.join', `/ContactGroups/${ContactGroupID}/Contacts`);
  return {
    ...request,
    ...WRITE,
    method: 'PUT',
    headers: { ...request.headers, 'content-type': 'application/json' },
    body: JSON.stringify({ Contacts: [{ ContactID: contactId }] }),
  };
}

function leave(call: VendorCall, { ContactGroupID }: Group, { contactId }: WishOfContact): VendorRequest {
  const path = `/ContactGroups/${ContactGroupID}/Contacts/${contactId}`;
  // 404: meanwhile it has left by another hand.
  return { ...ask(call, 'contact-groups.leave', path), ...WRITE, method: 'DELETE', expect: [404] };
}

/** A member that joins or leaves twice has done so once; no key is needed for that. */
const WRITE = { operationClass: 'write', repeatable: true } as const;

function ask(call: VendorCall, operation: string, path: string): VendorRequest {
  return {
    operation,
    operationClass: 'read',
    method: 'GET',
    url: `${call.baseUrls['api']}/api.xro/2.0${path}`,
    headers: { accept: 'application/json' },
    repeatable: true,
  };
}

function groupNameOf({ settings }: Connection): string | undefined {
  return settings['optOutGroup']?.trim() || undefined;
}

function isNamed({ Name, Status }: Group, name: string | undefined): boolean {
  return Status === 'ACTIVE' && Name.toLowerCase() === name?.toLowerCase();
}
