import type { Command } from '../../command.js';
import { UsageError } from '../../cli-error.js';

interface Change {
  readonly name: string;
  readonly action: 'retry-now' | 'give-up';
  readonly summary: string;
  readonly said: string;
}

/** Tries parked work now. */
export const parkedRetryCommand = changeCommand({
  name: 'parked retry',
  action: 'retry-now',
  summary: 'Try parked work now instead of at its time',
  said: 'The service tries it now.',
});

/** Gives parked work up. */
export const parkedGiveUpCommand = changeCommand({
  name: 'parked give-up',
  action: 'give-up',
  summary: 'Give parked work up: it becomes a dead letter, which can be requeued',
  said: 'The service sets it aside as dead letters.',
});

function changeCommand({ name, action, summary, said }: Change): Command {
  return {
    name,
    summary,
    positionals: ['[<key> …]'],
    options: {
      service: { value: 'NAME', about: 'whose work it is, e.g. fetcher-xero (needed)' },
      connection: { value: 'ID', about: 'only of this connection' },
      'parked-for': { value: 'REASON', about: 'only what is parked for this reason' },
      all: { about: 'everything that is parked in the service' },
      reason: { value: 'TEXT', about: 'why, for the trail; no personal data (needed)' },
    },
    notes:
      'Keys and reasons are in "ledgerwire parked list". Say which: keys, --connection, --parked-for, or --all.',
    async run({ args, console, show }) {
      const parkedKeys = args.words();
      const connectionId = args.text('connection');
      const parkedReason = args.text('parked-for');
      const isNarrowed = parkedKeys.length > 0 || connectionId !== undefined || parkedReason !== undefined;
      if (isNarrowed === args.flag('all')) {
        throw new UsageError('Say which: keys, --connection or --parked-for, or else --all.');
      }
      const answer = await console.changeParked({
        service: args.needed('service', 'e.g. --service fetcher-xero'),
        action,
        reason: args.needed('reason', 'the trail keeps why'),
        connectionId,
        parkedReason,
        ...(parkedKeys.length > 0 && { parkedKeys }),
      });
      show(answer, () => `${said} See what is left in a moment: ledgerwire parked list`);
    },
  };
}
