import type { Command } from '../../command.js';
import { withProblems } from '../../flow-file/explain-problems.js';
import { fitFlowFile, fittingOptions, hasFittingOptions } from '../../flow-file/fit-flow-file.js';
import { readFlowFile } from '../../flow-file/read-flow-file.js';
import type { FlowTestAnswer } from '../../http/console-answers.js';
import { counted, moment } from '../../output/format.js';
import { facts, manyLines, table } from '../../output/table.js';

/** What a definition would make of a record. */
export const flowTestCommand: Command = {
  name: 'flow test',
  summary: 'What a file would send to whom for a record, and why or why not; nothing is sent',
  positionals: ['<file>'],
  options: {
    ...fittingOptions,
    record: {
      value: 'ID',
      about: 'the record: its id, or any id on its way, e.g. an invoice number (needed)',
    },
  },
  notes: `The record is evaluated as if it had just arrived, with its contact and invoice as they are known now. Addresses are
masked. The file need not be applied, and is tried with the record's own connection unless --connection says another; "ledgerwire trace" has ids of records.`,
  async run(call) {
    const { args, console, show, surroundings } = call;
    const read = await readFlowFile(surroundings.folder, args.word(0, '<file>'));
    const { file, yaml } = hasFittingOptions(args) ? await fitFlowFile(call, read) : read;
    const record = args.needed('record', 'say on what it is tried, e.g. --record INV-0042');
    const answer = await withProblems(file, console.testFlow(yaml, record));
    show(answer, () => testText(answer));
  },
};

function testText(answer: FlowTestAnswer): string {
  const { record, related, messages, silences, contactChanges, warnings } = answer;
  const parts = [
    facts([
      ['record', record.recordId],
      ['about', `${record.entityType} ${record.entityNumber ?? record.entityId}`],
      ['connection', record.connectionId],
      ['as of', moment(record.fetchedAt)],
      ...related.map(
        (one) => [one.entityType, one.found ? one.entityId : `${one.entityId}, not known here`] as const,
      ),
    ]),
    messages.length === 0
      ? 'Nothing would be sent.'
      : `${counted(messages.length, 'message')} would be sent:`,
    ...messages.map(messageText),
  ];
  if (silences.length > 0) {
    const rows = silences.map((one) => [`  ${one.stepId ?? 'whole flow'}`, one.reason, one.detail]);
    parts.push(['Not sent:', ...table([], rows)].join('\n'));
  }
  if (contactChanges > 0) parts.push(`${counted(contactChanges, 'contact')} would be changed at Twilio.`);
  if (warnings.length > 0) parts.push(warnings.map((warning) => `Note: ${warning}`).join('\n'));
  return parts.join('\n\n');
}

const WHEN: Readonly<Record<string, string>> = {
  now: 'at once',
  'quiet-hours': 'after quiet hours',
  reminder: 'as a reminder, if nothing changes until then',
};

function messageText(message: FlowTestAnswer['messages'][number]): string {
  const { size, because, at } = message;
  const head = facts([
    ['  step', message.stepId],
    ['  because of', message.businessEvent],
    ['  when', because === 'now' ? WHEN['now'] : `${moment(at) ?? ''}, ${WHEN[because] ?? because}`],
    ['  to', `${message.recipient} (${message.recipientKind}), by ${message.channel}`],
    ['  channel because', message.detail],
    ['  length', size && counted(size.segments, 'segment')],
    ['  costs about', size?.cost && `${size.cost.amount} ${size.cost.currency}`],
    ['  subject', message.subject],
  ]);
  const body = manyLines(message.body)
    .trimEnd()
    .split('\n')
    .map((line) => `  │ ${line}`);
  return [head, ...body].join('\n');
}
