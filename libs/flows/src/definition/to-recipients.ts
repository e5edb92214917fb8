import { type Trigger, triggers } from '../events/triggers.js';
import type { Recipients, StaffList } from './flow.js';
import type { DeliverySource } from './flow.schema.js';
import type { ProblemPath } from './flow-problems.js';
import { mergeStaff, NO_STAFF, toStaffList, unknownList } from './staff.js';
import type { DeliveryScope } from './to-delivery.js';

type RecipientsSource = NonNullable<DeliverySource['to']>;
type RecipientSource = Exclude<RecipientsSource, readonly unknown[]>;

/** Reads `to:`; what does not fit the trigger or is not there is reported. */
export function toRecipients(
  source: RecipientsSource,
  path: ProblemPath,
  trigger: Trigger,
  scope: DeliveryScope,
): Recipients {
  const entries = (Array.isArray(source) ? source : [source]).map((entry, index) => ({
    entry,
    path: [...path, ...(Array.isArray(source) ? [index] : [])],
  }));
  const contacts = entries.flatMap(({ entry, path: at }) =>
    typeof entry === 'string' ? [toContact(entry, at, trigger, scope)] : [],
  );
  const staff = entries.map(({ entry, path: at }) => toStaff(entry, at, scope));
  return { contact: contacts[0] ?? null, staff: mergeStaff(staff) };
}

function toContact(
  word: 'customer' | 'vendor',
  path: ProblemPath,
  trigger: Trigger,
  { reporter }: DeliveryScope,
): 'customer' | 'vendor' {
  const { party } = triggers[trigger];
  if (party !== 'either' && party !== word) {
    const whom = party === 'vendor' ? 'a supplier; write vendor' : 'a customer; write customer';
    reporter.report(path, `the contact of ${trigger} is ${whom}`);
  }
  return word;
}

function toStaff(entry: RecipientSource, path: ProblemPath, scope: DeliveryScope): StaffList {
  if (typeof entry === 'string') return NO_STAFF;
  const at = [...path, 'staff'];
  const { staff } = entry;
  if (typeof staff === 'object' && !Array.isArray(staff))
    return toStaffList(staff, at, scope.country, scope.reporter);
  return mergeStaff(
    [staff].flat().map((name) => {
      const list = scope.staff.get(name);
      if (!list) scope.reporter.report(at, unknownList(name, scope.staff));
      return list ?? NO_STAFF;
    }),
  );
}
