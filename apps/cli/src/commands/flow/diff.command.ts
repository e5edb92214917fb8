import type { Command } from '../../command.js';
import { fitFlowFile, fittingOptions } from '../../flow-file/fit-flow-file.js';
import { readFlowFile } from '../../flow-file/read-flow-file.js';
import { lineDiff } from '../../output/line-diff.js';
import { manyLines } from '../../output/table.js';

/** What a file would change. */
export const flowDiffCommand: Command = {
  name: 'flow diff',
  summary: 'What a file would change in the flow that is in force',
  positionals: ['<file>'],
  options: { ...fittingOptions, 'exit-code': { about: 'exit with 1 when they differ' } },
  async run(call) {
    const { args, console, show, surroundings } = call;
    const read = await readFlowFile(surroundings.folder, args.word(0, '<file>'));
    const { file, flowId, yaml } = await fitFlowFile(call, read);
    const current = await console.findFlow(flowId);
    const lines = lineDiff(current?.yaml ?? '', yaml);
    const answer = { flowId, version: current?.version ?? 0, differs: lines.length > 0, diff: lines };
    show(answer, () => {
      if (lines.length === 0)
        return `${file} is version ${answer.version} of flow ${flowId}, which is in force.`;
      const from = current
        ? `flow ${flowId}, version ${current.version}`
        : `flow ${flowId}: there is none yet`;
      return manyLines([`--- ${from}`, `+++ ${file}`, ...lines].join('\n'));
    });
    return args.flag('exit-code') && lines.length > 0 ? 1 : 0;
  },
};
