import type { Command } from '../../command.js';
import { moment } from '../../output/format.js';
import { tableOr } from '../../output/table.js';

/** Every flow in its version in force. */
export const flowListCommand: Command = {
  name: 'flow list',
  summary: 'Every flow, with the version in force',
  async run({ console, show }) {
    const flows = await console.flows();
    show({ flows }, () =>
      tableOr(
        'No flow. Apply one with: ledgerwire flow apply <file> (ready ones are in flows/)',
        ['FLOW', 'VERSION', 'STATE', 'FROM', 'TO', 'WORKSPACE', 'APPLIED'],
        flows.map((flow) => [
          flow.flowId,
          flow.version,
          flow.enabled ? 'on' : 'off',
          flow.sourceConnectionId,
          flow.targetConnectionId,
          flow.workspaceId,
          moment(flow.appliedAt),
        ]),
      ),
    );
  },
};
