import { type AccountingRecord, type ChangeNotice, headerNames, topics } from '#libs/contracts';
import type { OutcomeStore } from '#libs/persistence';
import type { LogReader, RawRecord } from '#libs/streams';

/** What names an entity. */
export type EntityName = Pick<ChangeNotice, 'connectionId' | 'entityType' | 'entityId'>;

/** What the search looks in. */
export interface NewestRecordsPorts {
  readonly outcomes: Pick<OutcomeStore, 'newestFetches'>;
  readonly reader: Pick<LogReader, 'offsetAt' | 'readSpan' | 'decode'>;
}

interface Window {
  readonly from: number;
  to: number;
}

/** The log has a record within this of the time that the trail gives for it: both are written in one transaction. */
const MARGIN_MS = 10 * 60_000;

/**
 * Finds the newest record of entities in `records`. The trail says when each was last found in a new state; only what lies
 * around those times is read, once, however many entities there are.
 */
export class NewestRecords {
  constructor(private readonly ports: NewestRecordsPorts) {}

  /**
   * Of all that the log still has, in the order of the log. A replay's own records do not count.
   * @param partition that of the connections of the entities
   * @throws LedgerwireError `log-unavailable` (retry)
   */
  async find(partition: number, entities: readonly EntityName[]): Promise<RawRecord[]> {
    const wanted = new Map<string, number>();
    const byConnection = idsByConnection(entities);
    const names = new Set(entities.map(keyOf));
    for (const [connectionId, ids] of byConnection) {
      for (const fetch of await this.ports.outcomes.newestFetches(connectionId, [...ids])) {
        if (names.has(keyOf({ ...fetch, connectionId }))) wanted.set(fetch.recordId, fetch.at);
      }
    }
    const found = new Map<string, RawRecord>();
    for (const window of windowsAround([...wanted.values()])) {
      for await (const [recordId, raw] of this.readWindow(partition, window, byConnection))
        if (wanted.has(recordId)) found.set(recordId, raw);
    }
    return [...found.values()].sort((a, b) => a.offset - b.offset);
  }

  private async *readWindow(
    partition: number,
    window: Window,
    connections: Pick<ReadonlyMap<string, unknown>, 'has'>,
  ): AsyncIterable<readonly [recordId: string, raw: RawRecord]> {
    const { reader } = this.ports;
    const { name } = topics.records;
    const from = await reader.offsetAt(name, partition, window.from);
    const to = await reader.offsetAt(name, partition, window.to);
    for await (const portion of reader.readSpan(name, partition, { from, to })) {
      for (const raw of portion) {
        if (!raw.value || !connections.has(raw.key?.toString() ?? '')) continue;
        if (raw.headers.some(([header]) => header === headerNames.replayId)) continue;
        const record = await reader.decode<AccountingRecord>(topics.records, raw);
        yield [record.recordId, raw] as const;
      }
    }
  }
}

/** One name for each entity, to tell whether two are the same. */
export function keyOf({ connectionId, entityType, entityId }: EntityName): string {
  return JSON.stringify([connectionId, entityType, entityId]);
}

function idsByConnection(entities: readonly EntityName[]): Map<string, Set<string>> {
  const ids = new Map<string, Set<string>>();
  for (const { connectionId, entityId } of entities) {
    const known = ids.get(connectionId);
    if (known) known.add(entityId);
    else ids.set(connectionId, new Set([entityId]));
  }
  return ids;
}

/** Times with their margins, those that overlap as one. */
function windowsAround(times: readonly number[]): Window[] {
  const windows: Window[] = [];
  for (const at of [...times].sort((a, b) => a - b)) {
    const last = windows.at(-1);
    if (last && at - MARGIN_MS <= last.to) last.to = at + MARGIN_MS;
    else windows.push({ from: at - MARGIN_MS, to: at + MARGIN_MS });
  }
  return windows;
}
