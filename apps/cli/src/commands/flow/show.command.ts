import type { Command } from '../../command.js';
import { CliError } from '../../cli-error.js';
import type { FlowAnswer } from '../../http/console-answers.js';
import { moment } from '../../output/format.js';
import { facts, manyLines } from '../../output/table.js';

/** One flow and its definition. */
export const flowShowCommand: Command = {
  name: 'flow show',
  summary: 'One flow and its definition',
  positionals: ['<id>'],
  options: { version: { value: 'N', about: 'this version; the one in force when not given' } },
  async run({ args, console, show }) {
    const flowId = args.word(0, '<id>');
    const version = args.wholeNumber('version', 1, 1_000_000);
    const flow =
      version === undefined
        ? await console.flow(flowId)
        : (await console.flowVersions(flowId)).find((one) => one.version === version);
    if (!flow)
      throw new CliError(`Flow ${flowId} has no version ${version}. See: ledgerwire flow history ${flowId}`);
    show(flow, () => `${head(flow)}\n\n${manyLines(flow.yaml).trimEnd()}`);
  },
};

function head(flow: FlowAnswer): string {
  return facts([
    ['flow', flow.flowId],
    ['version', flow.version],
    ['state', flow.enabled ? 'on' : 'off'],
    ['from', flow.sourceConnectionId],
    ['to', flow.targetConnectionId],
    ['workspace', flow.workspaceId],
    ['applied', moment(flow.appliedAt)],
    ['by', flow.appliedBy],
  ]);
}
