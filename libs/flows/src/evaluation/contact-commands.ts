import type { AccountingRecord, Contact, ContactCommand } from '#libs/contracts';
import { commandIdOf, digestOf } from '#libs/core';
import { evaluateCondition } from '../conditions/evaluate-condition.js';
import type { ContactSync, Flow } from '../definition/flow.js';
import { contactAddress, phoneCountries } from '../recipients/contact-address.js';
import { normalisePhone } from '../recipients/phone-number.js';
import type { Evaluation, EvaluationInput } from './evaluation.js';
import { buildModel } from './model.js';

/** The step that commands about contacts are told under. */
const CONTACTS_STEP = 'contacts';
const MAX_KEY_CHARS = 256;

/**
 * What a contact's change means for the contacts that are kept at Twilio: nothing when what is kept of it stays the same.
 * Each version of the record gives one command, so that a contact that returns to a former state is told of again.
 */
export function contactCommandsOf(flow: Flow, input: EvaluationInput): Partial<Evaluation> {
  const { record, previous } = input;
  const { contactSync } = flow;
  if (!contactSync || !flow.enabled || record.entityType !== 'contact') return {};
  if (previous && previous.version > record.version) return {};
  const now = keptOf(contactSync, flow, record, input);
  const before = previous && keptOf(contactSync, flow, previous, input);
  const contact = record.contact ?? previous?.contact;
  if (!contact || (!now && !before) || JSON.stringify(now) === JSON.stringify(before)) return {};
  const businessEvent = `contact/${record.entityId}/preferences/${record.version}`;
  const contactKey = contactKeyOf(input);
  const identity = { flowId: flow.id, flowStep: CONTACTS_STEP, businessEvent, target: contactKey };
  const phones = now ? phonesOf(contact, input) : [];
  const former = previous?.contact ? phonesOf(previous.contact, input) : [];
  const command: ContactCommand = {
    commandId: commandIdOf(identity),
    workspaceId: flow.workspaceId,
    connectionId: flow.targetConnectionId,
    flowId: flow.id,
    flowVersion: flow.version,
    flowStep: CONTACTS_STEP,
    businessEvent,
    action: now ? 'upsert' : 'remove',
    contactKey,
    ...(now ?? { ...NOTHING_KEPT, kind: kindOf(contact) }),
    formerPhones: former.filter((phone) => !phones.includes(phone)),
    twoWay: contactSync.twoWay,
    language: flow.locale,
    sourceConnectionId: record.connectionId,
    sourceVendor: record.vendor,
    entityId: record.entityId,
    sourceVersion: record.version,
    recordId: record.recordId,
    origin: record.origin,
    createdAt: input.now,
    firstNoticedAt: record.firstNoticedAt,
  };
  return { contacts: [command] };
}

type Kept = Pick<
  ContactCommand,
  'name' | 'kind' | 'phone' | 'email' | 'smsAllowed' | 'emailAllowed' | 'country' | 'timeZone'
>;

const NOTHING_KEPT: Omit<Kept, 'kind'> = {
  name: null,
  phone: null,
  email: null,
  smsAllowed: null,
  emailAllowed: null,
  country: null,
  timeZone: null,
};

/** What is kept of a contact in this state; null when it is not kept (any more). */
function keptOf(
  sync: ContactSync,
  flow: Flow,
  record: AccountingRecord,
  input: EvaluationInput,
): Kept | null {
  const { contact } = record;
  if (!contact || record.deleted || contact.status !== 'active' || contact.mergedIntoId !== null) return null;
  const kind = kindOf(contact);
  if (sync.of === 'customers' && kind === 'supplier') return null;
  if (sync.of === 'vendors' && kind === 'customer') return null;
  if (sync.condition && !evaluateCondition(sync.condition, factsOf(flow, record, contact, input)).met)
    return null;
  const { country } = input.sourceConnection;
  // Wishes apart: a number that gets no messages is kept with that wish.
  const reachable = { ...contact, smsAllowed: null, emailAllowed: null };
  const phone = contactAddress(reachable, 'sms', country);
  const email = contactAddress(reachable, 'email', country);
  return {
    name: contact.name,
    kind,
    phone: phone.ok ? phone.address : null,
    email: email.ok ? email.address : null,
    smsAllowed: contact.smsAllowed,
    emailAllowed: contact.emailAllowed,
    country: contact.country,
    timeZone: contact.timeZone,
  };
}

function factsOf(flow: Flow, record: AccountingRecord, contact: Contact, input: EvaluationInput) {
  return buildModel({
    trigger: 'contact.changed',
    subject: { record, invoice: null, contact, contactId: record.entityId, debts: [] },
    source: input.sourceConnection,
    locale: flow.locale,
    now: input.now,
    reminderDays: null,
    changedFields: [],
  }).facts;
}

/** Books say that somebody is a customer when he has had an invoice; until then he is meant to become one. */
function kindOf({ isCustomer, isSupplier }: Contact): 'customer' | 'supplier' | 'both' {
  if (isCustomer && isSupplier) return 'both';
  return isSupplier ? 'supplier' : 'customer';
}

function phonesOf(contact: Contact, { sourceConnection }: EvaluationInput): string[] {
  const countries = phoneCountries(contact, sourceConnection.country);
  return contact.phones.flatMap((phone) => normalisePhone(phone, countries)?.e164 ?? []);
}

/** Stable, and not longer than Twilio Sync takes. */
function contactKeyOf({ record, sourceConnection }: EvaluationInput): string {
  const key = [record.vendor, sourceConnection.accountId, 'contact', record.entityId].join(':');
  return key.length <= MAX_KEY_CHARS ? key : `${record.vendor}:contact:${digestOf(key)}`;
}
