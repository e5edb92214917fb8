import { type Trigger, triggers } from '../events/triggers.js';
import type { ListChoice, Recipients, StaffList } from './flow.js';
import type { DeliverySource } from './flow.schema.js';
import type { ProblemPath } from './flow-problems.js';
import { mergeStaff, NO_STAFF, toStaffList, unknownList } from './staff.js';
import type { DeliveryScope } from './to-delivery.js';

type RecipientsSource = NonNullable<DeliverySource['to']>;
type RecipientSource = Exclude<RecipientsSource, readonly unknown[]>;
type Party = 'customer' | 'vendor';

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
  return {
    contact: contacts[0] ?? null,
    staff: mergeStaff(entries.map(({ entry, path: at }) => toStaff(entry, at, scope))),
    lists: entries.flatMap(({ entry, path: at }) => toList(entry, at, trigger, scope)),
  };
}

function toContact(
  word: Party,
  path: ProblemPath,
  trigger: Trigger,
  { reporter }: Pick<DeliveryScope, 'reporter'>,
): Party {
  const { party } = triggers[trigger];
  if (party !== 'either' && party !== word) {
    const whom = party === 'vendor' ? 'a supplier; write vendor' : 'a customer; write customer';
    reporter.report(path, `the contact of ${trigger} is ${whom}`);
  }
  return word;
}

function toStaff(entry: RecipientSource, path: ProblemPath, scope: DeliveryScope): StaffList {
  if (typeof entry === 'string' || !('staff' in entry)) return NO_STAFF;
  const at = [...path, 'staff'];
  const { staff } = entry;
  if (typeof staff === 'object' && !Array.isArray(staff))
    return toStaffList(staff, at, scope.country, scope.reporter);
  return mergeStaff(
    [staff].flat().map((name) => {
      const list = scope.staff.get(name);
      if (!list) scope.reporter.report(at, unknownList(name, scope.staff, 'staff'));
      return list ?? NO_STAFF;
    }),
  );
}

function toList(
  entry: RecipientSource,
  path: ProblemPath,
  trigger: Trigger,
  scope: DeliveryScope,
): ListChoice[] {
  if (typeof entry === 'string' || !('list' in entry)) return [];
  const { list: name, otherwise } = entry;
  const entries = scope.lists.get(name);
  if (!entries) scope.reporter.report([...path, 'list'], unknownList(name, scope.lists, 'lists'));
  const instead = otherwise && toContact(otherwise, [...path, 'otherwise'], trigger, scope);
  return [{ name, entries: entries ?? [], otherwise: instead ?? null }];
}
