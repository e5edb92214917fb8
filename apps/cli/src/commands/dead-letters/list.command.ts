import type { Command } from '../../command.js';
import { moment } from '../../output/format.js';
import { tableOr } from '../../output/table.js';

/** Records that were set aside. */
export const deadLettersListCommand: Command = {
  name: 'dead-letters list',
  summary: 'Records that were set aside, with the error; the open ones unless told otherwise',
  options: {
    status: { value: 'STATUS', about: 'open, requeued or discarded; open when not given' },
    service: { value: 'NAME', about: 'only set aside by this service' },
    error: { value: 'CODE', about: 'only with this error' },
    topic: { value: 'TOPIC', about: 'only from this topic' },
    limit: { value: 'N', about: 'at most so many; 100 when not given' },
  },
  async run({ args, console, show }) {
    const filter = {
      status: args.choice('status', ['open', 'requeued', 'discarded']) ?? 'open',
      service: args.text('service'),
      errorCode: args.text('error'),
      originTopic: args.text('topic'),
    };
    const deadLetters = await console.deadLetters(filter, args.wholeNumber('limit', 1, 500) ?? 100);
    show({ deadLetters }, () =>
      tableOr(
        'There is none.',
        ['DEAD LETTER', 'AT', 'SERVICE', 'FROM', 'ERROR', 'WHAT'],
        deadLetters.map((one) => [
          one.deadLetterId,
          moment(one.at),
          one.service,
          one.originTopic,
          one.errorCode,
          one.errorMessage,
        ]),
      ),
    );
  },
};
