import type { Command } from '../../command.js';
import { moment } from '../../output/format.js';
import { stateOf } from '../../replay/follow-replay.js';
import { tableOr } from '../../output/table.js';

/** Replays, newest first. */
export const replayListCommand: Command = {
  name: 'replay list',
  summary: 'Replays, the newest first',
  async run({ console, show }) {
    const replays = await console.replays();
    show({ replays }, () =>
      tableOr(
        'No replay so far. Begin one with: ledgerwire replay start',
        ['REPLAY', 'TOPIC', 'MODE', 'STATUS', 'READ', 'BROUGHT', 'BEGAN', 'REASON'],
        replays.map((one) => [
          one.replayId,
          one.topic,
          one.mode,
          stateOf(one),
          one.read,
          one.replayed,
          moment(one.createdAt),
          one.reason,
        ]),
      ),
    );
  },
};
