import type { Command } from '../../command.js';
import { UsageError } from '../../cli-error.js';
import { counted } from '../../output/format.js';
import { table } from '../../output/table.js';

/** Brings dead letters back to where they came from. */
export const deadLettersRequeueCommand: Command = {
  name: 'dead-letters requeue',
  summary: 'Bring dead letters back to where they came from, after a fix',
  positionals: ['[<id> …]'],
  options: {
    service: { value: 'NAME', about: 'those set aside by this service' },
    error: { value: 'CODE', about: 'those with this error' },
    topic: { value: 'TOPIC', about: 'those from this topic' },
    all: { about: 'every open one' },
    limit: { value: 'N', about: 'at most so many; 1,000 when not given' },
    reason: { value: 'TEXT', about: 'why, for the trail; no personal data (needed)' },
  },
  notes: 'Say which: ids, --service, --error, --topic, or --all. Exit code 1 when some stay set aside.',
  async run({ args, console, show }) {
    const ids = args.words();
    const filter = {
      service: args.text('service'),
      errorCode: args.text('error'),
      originTopic: args.text('topic'),
    };
    const isFiltered = Object.values(filter).some((value) => value !== undefined);
    if ([ids.length > 0, isFiltered, args.flag('all')].filter(Boolean).length !== 1) {
      throw new UsageError('Say which: ids, or --service, --error and --topic, or --all.');
    }
    const reason = args.needed('reason', 'the trail keeps why');
    const limit = args.wholeNumber('limit', 1, 1_000);
    const report = await console.requeue({
      ...(ids.length > 0 ? { deadLetterIds: ids } : { filter }),
      ...(limit !== undefined && { limit }),
      reason,
    });
    show(report, () =>
      [
        `${counted(report.requeued, 'dead letter')} brought again.`,
        ...(report.left.length === 0
          ? []
          : table(
              ['LEFT', 'WHY'],
              report.left.map((one) => [one.deadLetterId, one.problem]),
            )),
      ].join('\n'),
    );
    return report.left.length === 0 ? 0 : 1;
  },
};
