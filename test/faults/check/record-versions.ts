import { type AccountingRecord, topics } from '#libs/contracts';
import { readTopics } from '#libs/streams';
import type { RecordVersion } from './invariants.ts';

/** Magic byte and schema id before every value. */
const WIRE_HEADER_BYTES = 5;

/** Every record of the log with its version, in the order of its partition. */
export async function readRecordVersions(brokers: string): Promise<RecordVersion[]> {
  const versions: RecordVersion[] = [];
  await readTopics(
    brokers,
    (topic) => topic === topics.records.name,
    ({ value }) => {
      if (!value) return;
      const record = decodeRecord(value);
      if (!record) return;
      const { connectionId, entityType, entityId, version, origin, deleted, recheck, fetchedAt } = record;
      const about = `${origin}${deleted ? ', gone' : ''}${recheck ? ', recheck' : ''}, read at ${fetchedAt}`;
      versions.push({ entity: `${connectionId}/${entityType}/${entityId}`, version, about });
    },
  );
  return versions;
}

/**
 * A record of this very build, or of the later one of F21, whose new field comes last and is left over. undefined: one of F15's, which
 * nobody can read.
 */
export function decodeRecord(value: Buffer): AccountingRecord | undefined {
  try {
    const [magic] = value;
    if (magic !== 0) return undefined;
    const { value: record, offset } = topics.records.schema.type.decode(value, WIRE_HEADER_BYTES);
    return offset < 0 ? undefined : (record as AccountingRecord);
  } catch {
    return undefined;
  }
}
