import type { Command } from '../command.js';
import { CliError } from '../cli-error.js';
import { followReplay } from '../replay/follow-replay.js';
import { facts } from '../output/table.js';

/** The command is in the log some moments around the time at which the trail has it. */
const MARGIN_MS = 10 * 60_000;

/** Sends one message again. */
export const resendCommand: Command = {
  name: 'resend',
  summary: 'Send one message again, whether it went out or not',
  positionals: ['<commandId>'],
  options: {
    reason: { value: 'TEXT', about: 'why, for the trail; no personal data (needed)' },
    yes: { about: 'do not ask' },
  },
  notes:
    'The command id is in "ledgerwire trace". It becomes a forced replay of that one command: the message goes out once more as a command of its own, and the trail says of which one, by whose demand and why. Commands are kept for 30 days.',
  async run(call) {
    const { args, console, surroundings } = call;
    const commandId = args.word(0, '<commandId>');
    const reason = args.needed('reason', 'the trail keeps why a message was sent again');
    const trace = await console.trace(commandId);
    const command = trace.commands.find((one) => one.commandId === commandId);
    if (!command) {
      throw new CliError(
        `${commandId} is no command, but something else on the way of an event. Its commands are: ${
          trace.commands.map((one) => one.commandId).join(', ') || 'none'
        }.`,
      );
    }
    const about = `${command.channel ?? 'message'} to ${command.recipient ?? 'an unknown address'}, ${command.result}`;
    if (!args.flag('yes') && surroundings.ask) {
      const answer = await surroundings.ask(`Send again (${about})? [y/N] `, { secret: false });
      if (!/^y(es)?$/i.test(answer)) throw new CliError('Nothing was sent.');
    }
    const { replayId } = await console.startReplay({
      topic: 'messages',
      mode: 'forced',
      from: command.startedAt - MARGIN_MS,
      to: command.endedAt + MARGIN_MS,
      filter: { commandId },
      reason,
    });
    const replay = await followReplay(call, replayId);
    if (replay.replayed === 0) {
      throw new CliError(
        `The log has no command ${commandId} any more (messages are kept for 30 days). Replay the record that it came from: ledgerwire replay start records --mode forced.`,
      );
    }
    call.show({ replay, command }, () =>
      [
        facts([
          ['sent again', about],
          ['replay', replay.replayId],
        ]),
        `See what becomes of it: ledgerwire trace ${commandId}`,
      ].join('\n'),
    );
  },
};
