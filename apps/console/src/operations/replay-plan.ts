import { type ReplayMode, topics } from '#libs/contracts';
import { type Clock, LedgerwireError, randomId } from '#libs/core';
import type { ReplayFilter, ReplayRow, ReplaySpan } from '#libs/persistence';
import type { LogReader } from '#libs/streams';

/** What an operator asks for. Times are epoch milliseconds. */
export interface ReplayRequest {
  readonly topic: string;
  readonly mode: ReplayMode;
  readonly reason: string;
  readonly filter: { readonly [Name in keyof ReplayFilter]: ReplayFilter[Name] | undefined };
  /** By time: records from then on. */
  readonly from?: number | undefined;
  /** Up to then (excluded); now when not given. */
  readonly to?: number | undefined;
  /** By offset, in place of times. */
  readonly offsets?:
    readonly { readonly partition: number; readonly from: number; readonly to: number }[] | undefined;
}

const NOTICES = /^change-notices\./;

/** Whether a topic can be replayed at all, and in which ways. */
export function replayModesOf(topic: string): readonly ReplayMode[] {
  if (topic === topics.records.name || topic === topics.messages.name) return ['normal', 'dry-run', 'forced'];
  return NOTICES.test(topic) ? ['normal', 'dry-run'] : [];
}

/**
 * Fixes what a replay reads: spans end where the log ends now, so that it never reads what it writes itself.
 * @throws LedgerwireError `replay-refused` (dead-letter) with what to do instead; `topic-missing`, `log-unavailable`.
 */
export async function planReplay(
  request: ReplayRequest,
  reader: Pick<LogReader, 'partitionsOf' | 'bounds' | 'offsetAt'>,
  clock: Clock,
): Promise<ReplayRow> {
  refuseImpossible(request);
  const partitions = await reader.partitionsOf(request.topic);
  const spans: ReplaySpan[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const span = await spanOf(request, partition, reader);
    if (span && span.to > span.from) spans.push({ partition, ...span, next: span.from });
  }
  return {
    replayId: randomId(),
    topic: request.topic,
    mode: request.mode,
    reason: request.reason,
    filter: Object.fromEntries(Object.entries(request.filter).filter(([, value]) => value !== undefined)),
    spans,
    status: spans.length === 0 ? 'done' : 'running',
    read: 0,
    replayed: 0,
    unanswered: 0,
    attempts: 0,
    nextTryAt: null,
    problem: null,
    createdAt: clock.now(),
    endedAt: spans.length === 0 ? clock.now() : null,
  };
}

async function spanOf(
  { topic, from, to, offsets }: ReplayRequest,
  partition: number,
  reader: Pick<LogReader, 'bounds' | 'offsetAt'>,
): Promise<{ from: number; to: number } | undefined> {
  const { start, end } = await reader.bounds(topic, partition);
  if (offsets) {
    const wanted = offsets.find((span) => span.partition === partition);
    return wanted && { from: Math.max(wanted.from, start), to: Math.min(wanted.to, end) };
  }
  return {
    from: from === undefined ? start : await reader.offsetAt(topic, partition, from),
    to: to === undefined ? end : Math.min(end, await reader.offsetAt(topic, partition, to)),
  };
}

function refuseImpossible({ topic, mode, from, offsets, filter }: ReplayRequest): void {
  const modes = replayModesOf(topic);
  if (modes.length === 0) {
    throw refused(`${topic} cannot be replayed; records, messages and change-notices.<vendor> can.`);
  }
  if (!modes.includes(mode)) {
    throw refused(
      `${topic} cannot be replayed as ${mode}: what is fetched is mapped as usual. Force a replay of the records that came of it.`,
    );
  }
  if (filter.commandId !== undefined && topic !== topics.messages.name) {
    throw refused(`${topic} has no commands; a commandId narrows a replay of messages alone.`);
  }
  if (from === undefined && offsets === undefined) {
    throw refused('Say where the replay begins: a time (from), or offsets by partition.');
  }
}

function refused(message: string): LedgerwireError {
  return new LedgerwireError(message, { code: 'replay-refused', disposition: 'dead-letter' });
}
