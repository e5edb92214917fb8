import type { Command } from '../../command.js';
import { replayText } from '../../replay/follow-replay.js';

/** One replay and what came of it. */
export const replayShowCommand: Command = {
  name: 'replay show',
  summary: 'How far a replay is, and what a dry run would have done',
  positionals: ['<replayId>'],
  async run({ args, console, show }) {
    const replay = await console.replay(args.word(0, '<replayId>'));
    show(replay, () => replayText(replay));
  },
};
