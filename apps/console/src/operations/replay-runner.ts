import {
  type AccountingRecord,
  type ChangeNotice,
  changeNoticesOf,
  headerNames,
  type MessageCommand,
  topics,
} from '#libs/contracts';
import { type Clock, codeOf, dispositionOf, sleep } from '#libs/core';
import type { ReplayFilter, ReplayProgress, ReplayRow, ReplaySpan, ReplayStore } from '#libs/persistence';
import type {
  LogProducer,
  LogReader,
  OutgoingRecord,
  RawLogProducer,
  RawOutput,
  RawRecord,
} from '#libs/streams';

/** What the runner works with. */
export interface ReplayRunnerPorts {
  readonly replays: Pick<ReplayStore, 'step'>;
  readonly reader: LogReader;
  readonly producer: LogProducer & RawLogProducer;
  readonly clock: Clock;
  /** Told when a step failed; it is done again. */
  readonly onFailed: (error: unknown) => void;
}

/** Offsets that one step of a replay covers: between two steps it can be cancelled, and live records get their turn. */
const STEP_OFFSETS = 500;
const IDLE_MS = 1_000;
const NOTICES_PREFIX = 'change-notices.';

/** Does the replays that operators have asked for, step by step, beside other consoles. */
export class ReplayRunner {
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();

  constructor(private readonly ports: ReplayRunnerPorts) {}

  start(): void {
    this.loop = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async run(): Promise<void> {
    const { clock, replays, onFailed } = this.ports;
    while (!this.stopping.signal.aborted) {
      let worked = false;
      try {
        worked = await replays.step((replay) => this.step(replay));
      } catch (error) {
        onFailed(error);
      }
      if (!worked) await sleep(clock, IDLE_MS, this.stopping.signal).catch(() => undefined);
    }
  }

  private async step(replay: ReplayRow): Promise<ReplayProgress> {
    const span = replay.spans.find(({ next, to }) => next < to);
    if (!span) return ended(replay, 'done', null, this.ports.clock);
    try {
      const to = Math.min(span.to, span.next + STEP_OFFSETS);
      const { read, outputs } = await this.readPortion(replay, span, to);
      await this.ports.producer.sendRaw(outputs.raw);
      await this.ports.producer.sendAll(outputs.encoded);
      const spans = replay.spans.map((each) => (each === span ? { ...span, next: to } : each));
      const written = outputs.raw.length + outputs.encoded.length;
      const progress = {
        ...progressOf(replay),
        spans,
        read: replay.read + read,
        replayed: replay.replayed + written,
      };
      const over = spans.every(({ next, to: last }) => next >= last);
      return over ? ended(progress, 'done', null, this.ports.clock) : progress;
    } catch (error) {
      if (dispositionOf(error) === 'retry') throw error;
      return ended(replay, 'failed', codeOf(error), this.ports.clock);
    }
  }

  private async readPortion(
    replay: ReplayRow,
    { partition, next }: ReplaySpan,
    to: number,
  ): Promise<{ read: number; outputs: { raw: RawOutput[]; encoded: OutgoingRecord<unknown>[] } }> {
    const outputs = { raw: [] as RawOutput[], encoded: [] as OutgoingRecord<unknown>[] };
    let read = 0;
    for await (const records of this.ports.reader.readSpan(replay.topic, partition, { from: next, to })) {
      for (const record of records) {
        read += 1;
        // What a replay wrote is not replayed: its original is in the log too.
        if (!record.value || record.headers.some(([name]) => name === headerNames.replayId)) continue;
        if (replay.topic.startsWith(NOTICES_PREFIX)) await this.addNotice(replay, record, outputs.encoded);
        else if (await this.fits(replay, record)) outputs.raw.push(rawAgain(replay, record));
      }
    }
    return { read, outputs };
  }

  /** A notice asks for the current state even if nothing has changed: otherwise its replay would end at the fetcher. */
  private async addNotice(
    replay: ReplayRow,
    record: RawRecord,
    outputs: OutgoingRecord<unknown>[],
  ): Promise<void> {
    const topic = changeNoticesOf(replay.topic.slice(NOTICES_PREFIX.length));
    const notice: ChangeNotice = await this.ports.reader.decode(topic, record);
    if (!matches(replay.filter, notice)) return;
    const value: ChangeNotice = { ...notice, origin: 'replay', recheck: true };
    const headers = Object.fromEntries(
      headersOf(replay, record).map(([name, text]) => [name, text.toString()]),
    );
    outputs.push({ topic, key: notice.connectionId, partition: record.partition, value, headers });
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

function matches(
  filter: ReplayFilter,
  entity: Pick<AccountingRecord, 'connectionId' | 'entityType' | 'entityId'> & {
    readonly commandId?: string;
  },
): boolean {
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

function ended(
  replay: ReplayProgress,
  status: 'done' | 'failed',
  problem: string | null,
  clock: Clock,
): ReplayProgress {
  return { ...progressOf(replay), status, problem, endedAt: clock.now() };
}

function progressOf({ spans, read, replayed, status, problem, endedAt }: ReplayProgress): ReplayProgress {
  return { spans, read, replayed, status, problem, endedAt };
}
