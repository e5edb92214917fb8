import type { Command } from '../../command.js';
import { relative } from '../../output/format.js';
import { tableOr } from '../../output/table.js';

/** Work that waits for its time. */
export const parkedListCommand: Command = {
  name: 'parked list',
  summary: 'Work that waits for its time, with the reason and the next try',
  options: {
    service: { value: 'NAME', about: 'only of this service, e.g. fetcher-xero' },
    connection: { value: 'ID', about: 'only of this connection' },
    reason: { value: 'REASON', about: 'only what is parked for this reason' },
    limit: { value: 'N', about: 'at most so many; 200 when not given' },
  },
  async run({ args, console, show, surroundings }) {
    const filter = {
      service: args.text('service'),
      connectionId: args.text('connection'),
      reason: args.text('reason'),
    };
    const answer = await console.parked(filter, args.wholeNumber('limit', 1, 5_000) ?? 200);
    const now = surroundings.clock.now();
    show(answer, () => {
      const text = tableOr(
        'Nothing is parked.',
        ['SERVICE', 'REASON', 'NEXT TRY', 'TRIES', 'SINCE', 'CONNECTION', 'KEY'],
        answer.parked.map((one) => [
          one.service,
          one.reason,
          relative(one.nextTryAt, now),
          one.attempts,
          relative(one.firstParkedAt, now),
          one.connectionId,
          one.parkedKey,
        ]),
      );
      const left = answer.total - answer.parked.length;
      return left > 0 ? `${text}\n… and ${left} more (--limit)` : text;
    });
  },
};
