import { type AccountingRecord, mapperStores, stateTopic } from '#libs/contracts';
import { codeOf } from '#libs/core';
import type { EntityReference } from '#libs/flows';
import { type LogReader, partitionOfKey, type RawRecord } from '#libs/streams';

/** The mapper keeps the last state of contacts and open invoices there, under the keys of its `entityKey`. */
const ENTITIES = stateTopic('mapper', mapperStores.entities.name, mapperStores.entities.schema);

/** Looks up related entities as the mapper knows them: in the changelog of its store. */
export class EntityFinder {
  constructor(private readonly reader: Pick<LogReader, 'partitionsOf' | 'bounds' | 'readSpan' | 'decode'>) {}

  /**
   * The last known state of each, in one pass over the connection's part of the changelog, in which only what fits is decoded;
   * null for what the mapper does not know.
   * @throws LedgerwireError `log-unavailable` (retry)
   */
  async find(
    connectionId: string,
    wanted: readonly EntityReference[],
  ): Promise<ReadonlyMap<string, AccountingRecord | null>> {
    const last = await this.lastOf(
      connectionId,
      new Set(wanted.map((one) => `${connectionId}/${one.entityType}/${one.entityId}`)),
    );
    const found = wanted.map(async (one): Promise<readonly [string, AccountingRecord | null]> => {
      const record = last.get(`${connectionId}/${one.entityType}/${one.entityId}`);
      return [referenceKey(one), record?.value ? await this.reader.decode(ENTITIES, record) : null];
    });
    return new Map(await Promise.all(found));
  }

  private async lastOf(connectionId: string, keys: ReadonlySet<string>): Promise<Map<string, RawRecord>> {
    const last = new Map<string, RawRecord>();
    const partitions = await this.partitions();
    if (partitions === 0) return last;
    // The store's records lie in the task's own partition, which is that of the connection's records.
    const partition = partitionOfKey(connectionId, partitions);
    const { start, end } = await this.reader.bounds(ENTITIES.name, partition);
    for await (const portion of this.reader.readSpan(ENTITIES.name, partition, { from: start, to: end })) {
      for (const record of portion) {
        const key = record.key?.toString();
        if (key !== undefined && keys.has(key)) last.set(key, record);
      }
    }
    return last;
  }

  /** 0 where no mapper has ever run. */
  private async partitions(): Promise<number> {
    try {
      return await this.reader.partitionsOf(ENTITIES.name);
    } catch (error) {
      if (codeOf(error) !== 'topic-missing') throw error;
      return 0;
    }
  }
}

/** A key for maps of entities of one connection. */
export function referenceKey({ entityType, entityId }: EntityReference): string {
  return `${entityType}/${entityId}`;
}
