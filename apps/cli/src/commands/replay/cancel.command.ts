import type { Command } from '../../command.js';
import { replayText } from '../../replay/follow-replay.js';

/** Ends a replay. */
export const replayCancelCommand: Command = {
  name: 'replay cancel',
  summary: 'End a replay; what it has brought already stays',
  positionals: ['<replayId>'],
  async run({ args, console, show }) {
    const replay = await console.cancelReplay(args.word(0, '<replayId>'));
    show(replay, () => replayText(replay));
  },
};
