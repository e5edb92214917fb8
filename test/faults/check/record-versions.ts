import { type AccountingRecord, decodeValue, topics } from '#libs/contracts';
import type { RecordVersion } from './invariants.ts';
import { readTopics } from './topic-reader.ts';

/** Magic byte and schema id before every value. The records were written by this very build, so that its own schema reads them. */
const WIRE_HEADER_BYTES = 5;

/** Every record of the log with its version, in the order of its partition. */
export async function readRecordVersions(brokers: string): Promise<RecordVersion[]> {
  const versions: RecordVersion[] = [];
  await readTopics(
    brokers,
    (topic) => topic === topics.records.name,
    ({ value }) => {
      if (!value) return;
      const record = decodeValue<AccountingRecord>(topics.records.schema, value.subarray(WIRE_HEADER_BYTES));
      const { connectionId, entityType, entityId, version, origin, deleted, recheck, fetchedAt } = record;
      const about = `${origin}${deleted ? ', gone' : ''}${recheck ? ', recheck' : ''}, read at ${fetchedAt}`;
      versions.push({ entity: `${connectionId}/${entityType}/${entityId}`, version, about });
    },
  );
  return versions;
}
