import { sleep } from '#libs/core';
import type { Call } from '../command.js';
import { CliError } from '../cli-error.js';
import type { ReplayReportAnswer } from '../http/console-answers.js';
import { facts, table } from '../output/table.js';
import { counted, moment } from '../output/format.js';

const LOOK_MS = 500;
/** The report grows while services work through what was replayed; it is complete when it stays the same for so long. */
const SETTLED_MS = 3_000;

/** A step takes well under a second; one that fails is tried again for ever. */
const STUCK_MS = 30_000;
const STUCK = 'It does not move: another replay may be before it (ledgerwire replay list).';

/**
 * Waits until a replay is read, telling how far it is.
 * @throws CliError when it fails or somebody cancels it.
 */
export async function followReplay(call: Call, replayId: string): Promise<ReplayReportAnswer> {
  const { clock, signal } = call.surroundings;
  let told = -1;
  let toldAttempts = 0;
  let [seen, movedAt] = ['', clock.now()];
  for (;;) {
    const replay = await call.console.replay(replayId);
    const state = `${replay.progress} ${replay.status}`;
    if (state !== seen) [seen, movedAt] = [state, clock.now()];
    else if (replay.attempts === 0 && clock.now() - movedAt >= STUCK_MS) {
      call.tell(STUCK);
      movedAt = clock.now();
    }
    const percent = Math.floor(replay.progress * 100);
    if (percent !== told) {
      call.tell(`${percent} % read, ${replay.replayed} of ${replay.read} records brought again`);
      told = percent;
    }
    if (replay.attempts > toldAttempts) call.tell(failingText(replay));
    toldAttempts = replay.attempts;
    if (replay.status === 'done') return replay;
    if (replay.status !== 'running') {
      throw new CliError(
        `The replay ${replayId} was ${replay.status === 'failed' ? `given up: ${replay.problem ?? 'unknown reason'}` : 'cancelled'}. What it has written already stays.`,
      );
    }
    await sleep(clock, LOOK_MS, signal);
  }
}

/** Waits until the report of a dry run stays as it is. */
export async function settledReport(call: Call, first: ReplayReportAnswer): Promise<ReplayReportAnswer> {
  const { clock, signal } = call.surroundings;
  let last = first;
  for (let sameSince = clock.now(); clock.now() - sameSince < SETTLED_MS;) {
    await sleep(clock, LOOK_MS, signal);
    const next = await call.console.replay(first.replayId);
    if (JSON.stringify(next.outcomes) !== JSON.stringify(last.outcomes)) sameSince = clock.now();
    last = next;
  }
  return last;
}

/** A replay and what came of it. */
export function replayText(replay: ReplayReportAnswer): string {
  const parts = [
    facts([
      ['replay', replay.replayId],
      ['topic', replay.topic],
      ['mode', replay.mode],
      [
        'filter',
        Object.entries(replay.filter)
          .map(([name, value]) => `${name}=${value}`)
          .join(' '),
      ],
      ['reason', replay.reason],
      ['status', replay.attempts > 0 && replay.status === 'running' ? 'running, failing' : replay.status],
      ['problem', replay.problem],
      ['failed tries', replay.attempts === 0 ? null : replay.attempts],
      ['next try', replay.nextTryAt === null ? null : moment(replay.nextTryAt)],
      ['progress', `${Math.floor(replay.progress * 100)} %`],
      ['read', replay.read],
      ['brought again', replay.replayed],
      ['without a record', replay.unanswered === 0 ? null : replay.unanswered],
      ['began', moment(replay.createdAt)],
      ['ended', moment(replay.endedAt)],
    ]),
  ];
  if (replay.mode === 'dry-run') {
    parts.push(
      replay.outcomes.length === 0
        ? 'Nothing would come of it (so far).'
        : [
            'What would come of it:',
            ...table(
              ['COUNT', 'RESULT'],
              replay.outcomes.map(({ status, count }) => [count, WORDS[status] ?? status]),
            ),
          ].join('\n'),
    );
  }
  return parts.join('\n\n');
}

/** How a replay stands, in a word or two. */
export function stateOf({
  status,
  progress,
  attempts,
}: Pick<ReplayReportAnswer, 'status' | 'progress' | 'attempts'>): string {
  if (status !== 'running') return status;
  return `${Math.floor(progress * 100)} %${attempts > 0 ? ', failing' : ''}`;
}

function failingText({ replayId, problem, attempts, nextTryAt }: ReplayReportAnswer): string {
  return `A step has failed ${counted(attempts, 'time')}: ${problem ?? 'unknown reason'}. It is tried again at ${moment(nextTryAt)}; to end it: ledgerwire replay cancel ${replayId}`;
}

/** What the commonest statuses mean here; others stand for themselves. */
const WORDS: Readonly<Record<string, string>> = {
  mapped: 'mapped: a message that would be new',
  intended: 'intended: a message that would be sent',
  duplicate: 'duplicate: done before, dropped',
  skipped: 'skipped: a flow passes it over',
  deferred: 'deferred: would wait for its hour',
};
