import { type AccountingRecord, topics } from '#libs/contracts';
import type { OutcomeRow, OutcomeStore } from '#libs/persistence';
import { type LogReader, partitionOfKey, type RawRecord } from '#libs/streams';

/** What the finder looks in. */
export interface RecordFinderPorts {
  readonly outcomes: Pick<OutcomeStore, 'trace'>;
  readonly reader: Pick<LogReader, 'partitionsOf' | 'offsetAt' | 'readSpan' | 'decode'>;
}

type Fetched = OutcomeRow & { readonly recordId: string; readonly connectionId: string };

/** The log has a record within this of the time that the trail gives for it: both are written in one transaction. */
const MARGIN_MS = 10 * 60_000;

/** Finds the full record behind an id of the trail: the trail says of which connection it is and when it was read. */
export class RecordFinder {
  constructor(private readonly ports: RecordFinderPorts) {}

  /**
   * The record with this id, else the newest one on the way of what has the id (an invoice number, a message). undefined when
   * the trail or the log does not have it (any more).
   * @throws LedgerwireError `log-unavailable` (retry)
   */
  async find(id: string): Promise<AccountingRecord | undefined> {
    const rows = (await this.ports.outcomes.trace(id)).filter(isFetched);
    for (const row of inOrderOfFit(id, rows).slice(0, MOST_TRIED)) {
      const record = await this.read(row);
      if (record) return record;
    }
    return undefined;
  }

  private async read({ recordId, connectionId, at }: Fetched): Promise<AccountingRecord | undefined> {
    const { reader } = this.ports;
    const { name } = topics.records;
    const partition = partitionOfKey(connectionId, await reader.partitionsOf(name));
    const from = await reader.offsetAt(name, partition, at - MARGIN_MS);
    const to = await reader.offsetAt(name, partition, at + MARGIN_MS);
    const key = Buffer.from(connectionId);
    for await (const portion of reader.readSpan(name, partition, { from, to })) {
      const own = portion.filter((record) => isOf(record, key));
      for (const each of own) {
        const record = await reader.decode(topics.records, each);
        if (record.recordId === recordId) return record;
      }
    }
    return undefined;
  }
}

const MOST_TRIED = 5;

function isOf(record: RawRecord, key: Buffer): boolean {
  return record.value !== null && record.key?.equals(key) === true;
}

/** A fetch that found nothing new has no record of its own in the log. */
function isFetched(row: OutcomeRow): row is Fetched {
  return (
    row.step === 'fetch' && row.status === 'fetched' && row.recordId !== null && row.connectionId !== null
  );
}

function inOrderOfFit(id: string, rows: readonly Fetched[]): Fetched[] {
  const fit = (row: Fetched): number => {
    if (row.recordId === id) return 0;
    return row.entityId === id || row.entityNumber === id ? 1 : 2;
  };
  return [...rows].sort((a, b) => fit(a) - fit(b) || b.at - a.at);
}
