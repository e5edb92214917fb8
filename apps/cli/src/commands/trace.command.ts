import type { Command } from '../command.js';
import type { TraceAnswer } from '../http/console-answers.js';
import { duration, moment } from '../output/format.js';
import { facts, table } from '../output/table.js';

/** The whole way of one event. */
export const traceCommand: Command = {
  name: 'trace',
  summary: 'The whole way of one event, with times, and why something was not sent',
  positionals: ['<id>'],
  options: {
    workspace: { value: 'ID', about: 'only of this workspace; invoice numbers are the same in many' },
  },
  notes:
    'The id may be any on the way: of a webhook, notice, record, command, message (SID) or trace, or the id or number of an entity, e.g. INV-0042.',
  async run({ args, console, show }) {
    const trace = await console.trace(args.word(0, '<id>'), args.text('workspace'));
    show(trace, () => traceText(trace));
  },
};

function traceText(trace: TraceAnswer): string {
  const entity = [trace.entityType, trace.entityNumber ?? trace.entityId].filter(Boolean).join(' ');
  const parts = [
    facts([
      ['about', entity],
      ['vendor', trace.vendor],
      ['connection', trace.connectionId],
      [
        'workspaces',
        trace.workspaceIds.length > 1 ? `${trace.workspaceIds.join(' ')} (--workspace shows one)` : null,
      ],
      ['began', moment(trace.startedAt)],
      ['took', duration(trace.durationMs)],
      ['records', trace.records.map(({ recordId }) => recordId).join(' ')],
    ]),
    table(
      ['AFTER', 'SERVICE', 'STEP', 'STATUS', 'WHAT'],
      trace.steps.map((step) => [
        duration(step.sinceStartMs),
        step.service,
        step.step,
        step.status,
        step.sentence,
      ]),
    ).join('\n'),
  ];
  if (trace.commands.length > 0) {
    const rows = trace.commands.map((command) => [
      command.result,
      command.channel,
      command.recipient,
      [command.flowId, command.flowStep].filter(Boolean).join('/'),
      command.messageSid,
      command.commandId,
    ]);
    parts.push(table(['RESULT', 'CHANNEL', 'TO', 'FLOW/STEP', 'MESSAGE', 'COMMAND'], rows).join('\n'));
  }
  if (trace.notSent.length > 0) {
    const rows = trace.notSent.map((one) => [
      [one.flowId, one.flowStep].filter(Boolean).join('/'),
      one.reason,
      one.sentence,
    ]);
    parts.push(['Not sent:', ...table(['FLOW/STEP', 'REASON', 'WHY'], rows)].join('\n'));
  }
  return parts.join('\n\n');
}
