import { normaliseEmail } from '../recipients/email-address.js';
import { normalisePhone } from '../recipients/phone-number.js';
import type { StaffList } from './flow.js';
import type { FlowSource, StaffSource } from './flow.schema.js';
import { formatPath, type ProblemPath, type ProblemReporter } from './flow-problems.js';

/** An empty list. */
export const NO_STAFF: StaffList = { phones: [], emails: [] };

/** Checks and normalises a list of colleagues; what is wrong is reported and left out. */
export function toStaffList(
  source: StaffSource,
  path: ProblemPath,
  country: string | null,
  reporter: ProblemReporter,
): StaffList {
  const phones = (source.phones ?? []).flatMap((number, index) => {
    const phone = normalisePhone({ countryCode: null, areaCode: null, number }, [country]);
    if (phone && phone.sms !== 'no') return [phone.e164];
    reporter.report([...path, 'phones', index], phone ? LANDLINE : notANumber(country));
    return [];
  });
  const emails = (source.emails ?? []).flatMap((text, index) => {
    const email = normaliseEmail(text);
    if (email !== null) return [email];
    reporter.report([...path, 'emails', index], 'this is not a valid e-mail address');
    return [];
  });
  if ((source.phones ?? []).length + (source.emails ?? []).length === 0) {
    reporter.report(path, 'the list is empty; give it phones: or emails:');
  }
  return { phones: [...new Set(phones)], emails: [...new Set(emails)] };
}

/** The flow's named lists. */
export function namedStaffLists(
  source: FlowSource,
  reporter: ProblemReporter,
): ReadonlyMap<string, StaffList> {
  const country = source.country ?? null;
  return new Map(
    Object.entries(source.staff ?? {}).map(([name, list]) => [
      name,
      toStaffList(list, ['staff', name], country, reporter),
    ]),
  );
}

/** Several lists as one, each address once. */
export function mergeStaff(lists: readonly StaffList[]): StaffList {
  return {
    phones: [...new Set(lists.flatMap(({ phones }) => phones))],
    emails: [...new Set(lists.flatMap(({ emails }) => emails))],
  };
}

/** Says that a list is not there. */
export function unknownList(
  name: string,
  lists: ReadonlyMap<string, unknown>,
  key: 'staff' | 'lists',
): string {
  const known = [...lists.keys()];
  return known.length === 0
    ? `there is no list “${name}”; add it under ${formatPath([key])}: at the top of the flow`
    : `there is no list “${name}”; there is ${known.join(', ')}`;
}

const LANDLINE = 'this number cannot receive text messages; give a mobile number';

function notANumber(country: string | null): string {
  return country === null
    ? 'this is not a valid phone number; write it with its country code, e.g. +44 7911 123456, or set country: for the flow'
    : `this is not a valid phone number in ${country}; write others with their country code, e.g. +44 7911 123456`;
}
