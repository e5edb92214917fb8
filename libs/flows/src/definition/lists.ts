import { normalisePhone } from '../recipients/phone-number.js';
import type { ListEntry } from './flow.js';
import type { FlowSource, ListEntrySource } from './flow.schema.js';
import type { ProblemPath, ProblemReporter } from './flow-problems.js';
import { toStaffList } from './staff.js';

/** Stands for every contact that has no entry of its own. */
const ALL_OTHERS = '*';

/** The flow's lists of recipients by client or vendor; addresses that are none are reported and left out. */
export function namedRecipientLists(
  source: FlowSource,
  reporter: ProblemReporter,
): ReadonlyMap<string, readonly ListEntry[]> {
  const country = source.country ?? null;
  return new Map(
    Object.entries(source.lists ?? {}).map(([name, entries]) => [
      name,
      entries.map((entry, index) => toEntry(entry, ['lists', name, index], country, reporter)),
    ]),
  );
}

function toEntry(
  source: ListEntrySource,
  path: ProblemPath,
  country: string | null,
  reporter: ProblemReporter,
): ListEntry {
  const names = [source.contact].flat();
  if (names.length > 1 && names.includes(ALL_OTHERS))
    reporter.report([...path, 'contact'], '"*" stands for all others; write it alone');
  const addresses = toStaffList({ phones: source.phones, emails: source.emails }, path, country, reporter);
  const numbers = names.flatMap((number) => {
    const phone = normalisePhone({ countryCode: null, areaCode: null, number }, [country]);
    return phone ? [phone.e164] : [];
  });
  return { names: names.filter((name) => name !== ALL_OTHERS).map(foldName), numbers, addresses };
}

/** How names of contacts are compared: outer spaces and letter case aside. */
export function foldName(name: string): string {
  return name.trim().toLowerCase();
}
