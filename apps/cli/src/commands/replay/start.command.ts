import type { Command } from '../../command.js';
import { UsageError } from '../../cli-error.js';
import { followReplay, replayText, settledReport } from '../../replay/follow-replay.js';
import { counted } from '../../output/format.js';

const MODES = ['dry-run', 'normal', 'forced'] as const;

/** Brings a span of a topic again. */
export const replayStartCommand: Command = {
  name: 'replay start',
  summary: 'Bring a span of a topic again; a dry run unless told otherwise',
  positionals: ['<topic>'],
  options: {
    from: { value: 'TIME', about: 'from when on: 2026-11-21T08:00Z, or an age like 12h or 7d (needed)' },
    to: { value: 'TIME', about: 'up to then; now when not given' },
    mode: {
      value: 'MODE',
      about:
        'dry-run: only tell what would come of it; normal: what was done is not done again; forced: all of it',
    },
    connection: { value: 'ID', about: 'only of this connection' },
    'entity-type': { value: 'TYPE', about: 'only such, e.g. invoice' },
    'entity-id': { value: 'ID', about: "only of this entity (the vendor's id)" },
    reason: { value: 'TEXT', about: 'why, for the trail; no personal data (needed)' },
    'no-wait': { about: 'do not wait for its end' },
    yes: { about: 'do not ask before a forced one' },
  },
  notes: `Topics: records (mapped again), messages (sent again), change-notices.<vendor> (fetched again).
A dry run over notices asks no vendor: it tries the newest record that the log has of each entity.
Ctrl-C ends the waiting and not the replay; for that there is "ledgerwire replay cancel".`,
  async run(call) {
    const { args, console, surroundings } = call;
    const mode = args.choice('mode', MODES) ?? 'dry-run';
    const from = args.moment('from', surroundings.clock.now());
    if (from === undefined)
      throw new UsageError('--from is missing: say where the replay begins, e.g. --from 12h.');
    const reason = args.needed('reason', 'the trail keeps why something was replayed');
    if (mode === 'forced' && !args.flag('yes')) await confirmForced(call);
    const started = await console.startReplay({
      topic: args.word(0, '<topic>'),
      mode,
      from,
      to: args.moment('to', surroundings.clock.now()),
      filter: {
        connectionId: args.text('connection'),
        entityType: args.text('entity-type'),
        entityId: args.text('entity-id'),
      },
      reason,
    });
    call.tell(`Replay ${started.replayId} has begun.`);
    if (args.flag('no-wait')) {
      call.show(started, () => `See how far it is: ledgerwire replay show ${started.replayId}`);
      return;
    }
    const done = await followReplay(call, started.replayId);
    const report = mode === 'dry-run' ? await settledReport(call, done) : done;
    call.show(report, () =>
      [
        replayText(report),
        '',
        mode === 'dry-run'
          ? 'Nothing was sent. To do it: the same command with --mode normal.'
          : `${counted(report.replayed, 'record')} brought again; see what comes of it with: ledgerwire tail`,
      ].join('\n'),
    );
  },
};

async function confirmForced({ surroundings }: Parameters<Command['run']>[0]): Promise<void> {
  if (!surroundings.ask) {
    throw new UsageError('A forced replay sends again what was sent before. If that is meant, say --yes.');
  }
  const answer = await surroundings.ask('A forced replay sends again what was sent before. Go on? [y/N] ', {
    secret: false,
  });
  if (!/^y(es)?$/i.test(answer)) throw new UsageError('Nothing was replayed.');
}
