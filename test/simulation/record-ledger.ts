import {
  type AccountingRecord,
  type ChangeNotice,
  changeNoticesOf,
  type Outcome,
  topics,
} from '#libs/contracts';
import type { SeenRecord, SimulatedWorld } from '#libs/streams';

/** After these nothing more is done for a notice. */
const ENDED = new Set(['fetched', 'unchanged', 'superseded', 'skipped', 'dead-lettered', 'failed']);

/** What the fetcher has told, held against what it promises. */
export class RecordLedger {
  constructor(private readonly world: SimulatedWorld) {}

  records(): SeenRecord<AccountingRecord>[] {
    return this.world.records(topics.records);
  }

  /** The newest version that was told of each entity. */
  newest(): Map<string, number> {
    return new Map(this.records().map(({ value }) => [keyOf(value), value.version]));
  }

  /** Notices without an outcome that ends them, those that the fetcher wrote itself included. */
  openNotices(): string[] {
    const ended = new Set(
      this.outcomes().flatMap(({ status, noticeIds }) => (ENDED.has(status) ? noticeIds : [])),
    );
    return this.notices().flatMap(({ noticeId }) => (ended.has(noticeId) ? [] : [noticeId]));
  }

  /** The promises about what stands in the log. */
  broken(): string[] {
    return this.byPartition().flatMap((records) => [...versionsGoBack(records), ...contactsAreLate(records)]);
  }

  private byPartition(): SeenRecord<AccountingRecord>[][] {
    const partitions = new Map<number, SeenRecord<AccountingRecord>[]>();
    for (const record of this.records()) {
      const known = partitions.get(record.partition);
      if (known) known.push(record);
      else partitions.set(record.partition, [record]);
    }
    return [...partitions.values()];
  }

  private notices(): ChangeNotice[] {
    return this.world.records(changeNoticesOf('books')).map(({ value }) => value);
  }

  private outcomes(): Outcome[] {
    return this.world.records(topics.outcomes).map(({ value }) => value);
  }
}

/** An older state never follows a newer one, and no state is told twice in a row unless somebody asked, or it is told to be new at last. */
function versionsGoBack(records: readonly SeenRecord<AccountingRecord>[]): string[] {
  const last = new Map<string, AccountingRecord>();
  return records.flatMap(({ value }) => {
    const key = keyOf(value);
    const before = last.get(key);
    last.set(key, value);
    if (!before || value.version > before.version) return [];
    if (value.version < before.version)
      return [`${key}: version ${value.version} was told after ${before.version}`];
    return value.recheck || (value.created && !before.created)
      ? []
      : [`${key}: version ${value.version} was told twice`];
  });
}

/** Whoever maps an invoice or a payment can address somebody: its contact was told before it. */
function contactsAreLate(records: readonly SeenRecord<AccountingRecord>[]): string[] {
  const told = new Set<string>();
  return records.flatMap(({ value }) => {
    told.add(keyOf(value));
    const contactId = value.invoice?.contactId ?? value.payment?.contactId ?? null;
    if (contactId === null) return [];
    const contact = keyOf({ ...value, entityType: 'contact', entityId: contactId });
    return told.has(contact) ? [] : [`${keyOf(value)} was told before its contact ${contactId}`];
  });
}

/** Names an entity within the world. */
export function keyOf(entity: Pick<AccountingRecord, 'connectionId' | 'entityType' | 'entityId'>): string {
  return `${entity.connectionId}/${entity.entityType}/${entity.entityId}`;
}
