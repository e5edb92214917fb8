import {
  type AccountingRecord,
  type ChangeNotice,
  changeNoticesOf,
  headerNames,
  type MessageCommand,
  topics,
} from '#libs/contracts';
import type { ReplayFilter, ReplayRow } from '#libs/persistence';
import type { LogReader, OutgoingRecord, RawOutput, RawRecord } from '#libs/streams';
import { type EntityName, keyOf, type NewestRecords } from './newest-records.js';

/** What one step of a replay brings again. */
export interface ReplayPortion {
  /** Records looked at. */
  readonly read: number;
  readonly raw: readonly RawOutput[];
  readonly encoded: readonly OutgoingRecord<unknown>[];
  /** Entities of which a dry run over notices can say nothing. */
  readonly unanswered: number;
}

/** What portions are read from. */
export interface ReplayPortionPorts {
  readonly reader: Pick<LogReader, 'readSpan' | 'decode'>;
  readonly newest: Pick<NewestRecords, 'find'>;
}

/** Offsets of one partition, `to` excluded. */
interface Portion {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

const NOTICES_PREFIX = 'change-notices.';

/** Reads a portion of a replay's span and makes of it what is to be written. */
export class ReplayPortions {
  constructor(private readonly ports: ReplayPortionPorts) {}

  /** @throws LedgerwireError of the log (retry), or of a record that cannot be read */
  async read(replay: ReplayRow, portion: Portion): Promise<ReplayPortion> {
    const { partition, from, to } = portion;
    const records: RawRecord[] = [];
    let read = 0;
    for await (const some of this.ports.reader.readSpan(replay.topic, partition, { from, to })) {
      read += some.length;
      // What a replay wrote is not replayed: its original is in the log too.
      records.push(...some.filter((one) => one.value && !one.headers.some(isReplayId)));
    }
    if (!replay.topic.startsWith(NOTICES_PREFIX)) {
      const raw = await this.fitting(replay, records);
      return { read, unanswered: 0, encoded: [], raw: raw.map((one) => rawAgain(replay, one)) };
    }
    const notices = await this.noticesIn(replay, records);
    if (replay.mode === 'dry-run') return { read, ...(await this.rehearsed(replay, partition, notices)) };
    return { read, unanswered: 0, raw: [], encoded: notices.map((one) => noticeAgain(replay, one)) };
  }

  /**
   * A dry run asks no vendor: what would come of a notice is tried with the newest record that the log has of its entity. That
   * something has changed at the vendor since, it cannot know.
   */
  private async rehearsed(
    replay: ReplayRow,
    partition: number,
    notices: readonly ReadNotice[],
  ): Promise<Pick<ReplayPortion, 'raw' | 'encoded' | 'unanswered'>> {
    const entities = new Map<string, EntityName>(notices.map(({ notice }) => [keyOf(notice), notice]));
    const records = await this.ports.newest.find(partition, [...entities.values()]);
    return {
      raw: records.map((one) => rawAgain(replay, one)),
      encoded: [],
      unanswered: entities.size - records.length,
    };
  }

  private async noticesIn(replay: ReplayRow, records: readonly RawRecord[]): Promise<ReadNotice[]> {
    const topic = changeNoticesOf(replay.topic.slice(NOTICES_PREFIX.length));
    const notices: ReadNotice[] = [];
    for (const record of records) {
      const notice: ChangeNotice = await this.ports.reader.decode(topic, record);
      if (matches(replay.filter, notice)) notices.push({ notice, record });
    }
    return notices;
  }

  private async fitting(replay: ReplayRow, records: readonly RawRecord[]): Promise<RawRecord[]> {
    const fitting: RawRecord[] = [];
    for (const record of records) if (await this.fits(replay, record)) fitting.push(record);
    return fitting;
  }

  private async fits({ topic, filter }: ReplayRow, record: RawRecord): Promise<boolean> {
    if (Object.keys(filter).length === 0) return true;
    if (topic === topics.records.name) {
      return matches(filter, await this.ports.reader.decode<AccountingRecord>(topics.records, record));
    }
    const command = await this.ports.reader.decode<MessageCommand>(topics.messages, record);
    return matches(filter, { ...command, connectionId: command.sourceConnectionId });
  }
}

interface ReadNotice {
  readonly notice: ChangeNotice;
  readonly record: RawRecord;
}

/** A notice asks for the current state even if nothing has changed: otherwise its replay would end at the fetcher. */
function noticeAgain(replay: ReplayRow, { notice, record }: ReadNotice): OutgoingRecord<ChangeNotice> {
  return {
    topic: changeNoticesOf(notice.vendor),
    key: notice.connectionId,
    partition: record.partition,
    value: { ...notice, origin: 'replay', recheck: true },
    headers: Object.fromEntries(headersOf(replay, record).map(([name, text]) => [name, text.toString()])),
  };
}

function matches(filter: ReplayFilter, entity: EntityName & { readonly commandId?: string }): boolean {
  return (['connectionId', 'entityType', 'entityId', 'commandId'] as const).every(
    (name) => filter[name] === undefined || filter[name] === entity[name],
  );
}

function rawAgain(replay: ReplayRow, record: RawRecord): RawOutput {
  const { topic, partition, key, value } = record;
  return { topic, partition, key, value, headers: headersOf(replay, record) };
}

function headersOf({ replayId, mode }: ReplayRow, record: RawRecord): (readonly [string, Buffer])[] {
  const own: Record<string, string> = {
    [headerNames.origin]: 'replay',
    [headerNames.replayId]: replayId,
    [headerNames.replayMode]: mode,
  };
  return [
    ...record.headers.filter(([name]) => !(name in own)),
    ...Object.entries(own).map(([name, text]) => [name, Buffer.from(text)] as const),
  ];
}

function isReplayId([name]: readonly [string, Buffer]): boolean {
  return name === headerNames.replayId;
}
