import type { Command } from '../../command.js';
import { moment } from '../../output/format.js';
import { lineDiff } from '../../output/line-diff.js';
import { table } from '../../output/table.js';

/** Every version of a flow. */
export const flowHistoryCommand: Command = {
  name: 'flow history',
  summary: 'Every version of one flow, the newest first, with how much changed',
  positionals: ['<id>'],
  async run({ args, console, show }) {
    const versions = await console.flowVersions(args.word(0, '<id>'));
    const rows = versions.map((version, index) => {
      const former = versions[index + 1];
      const changes = former ? lineDiff(former.yaml, version.yaml) : [];
      const count = (sign: string): number => changes.filter((line) => line.startsWith(sign)).length;
      return [
        version.version,
        version.enabled ? 'on' : 'off',
        moment(version.appliedAt),
        former ? `+${count('+')} −${count('-')} lines` : 'new',
        version.appliedBy,
      ];
    });
    show({ versions }, () => table(['VERSION', 'STATE', 'APPLIED', 'CHANGED', 'BY'], rows).join('\n'));
  },
};
