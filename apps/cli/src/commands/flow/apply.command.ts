import type { Command } from '../../command.js';
import { CliError } from '../../cli-error.js';
import { withProblems } from '../../flow-file/explain-problems.js';
import { fitFlowFile, fittingOptions } from '../../flow-file/fit-flow-file.js';
import { readFlowFile } from '../../flow-file/read-flow-file.js';
import { ApiRefusal } from '../../http/api-client.js';

/** Puts a definition into force. */
export const flowApplyCommand: Command = {
  name: 'flow apply',
  summary: 'Put the definition in a file into force, as the next version of its flow',
  positionals: ['<file>'],
  options: {
    ...fittingOptions,
    disabled: { about: 'switched off, whatever the definition says' },
    'seen-version': {
      value: 'N',
      about: 'refuse unless this version is in force (0: a new flow), for scripts',
    },
  },
  notes: `See before: ledgerwire flow diff <file>, and ledgerwire flow test <file> --record <id>. A file that is in force already is not applied again.
A ready flow (flows/) names its connections my-<vendor>: where there is one of that vendor it is taken, else --connection says which.`,
  async run(call) {
    const { args, console, show, tell, surroundings } = call;
    const read = await readFlowFile(surroundings.folder, args.word(0, '<file>'));
    const { file, flowId, yaml } = await fitFlowFile(call, read);
    const enabled = !args.flag('disabled');
    const current = await console.findFlow(flowId);
    const seenVersion = args.wholeNumber('seen-version', 0, 1_000_000) ?? current?.version ?? 0;
    if (current?.yaml === yaml && current.enabled === enabled && current.version === seenVersion) {
      show(
        { flow: current, published: true, warnings: [], unchanged: true },
        () => `${file} is in force already, as version ${current.version} of flow ${flowId}.`,
      );
      return;
    }
    const applied = await withProblems(
      file,
      console.applyFlow(flowId, { yaml, enabled }, seenVersion).catch((error: unknown) => {
        if (!(error instanceof ApiRefusal) || error.status !== 412) throw error;
        throw new CliError(`${error.message} See what it changes: ledgerwire flow diff ${file}`, {
          cause: error,
        });
      }),
    );
    for (const warning of applied.warnings) tell(`Note: ${warning}`);
    show(applied, () =>
      [
        `Version ${applied.flow.version} of flow ${flowId} is in force${applied.flow.enabled ? '' : ', switched off'}.`,
        ...(applied.published ? [] : ['The services get it as soon as the log is there again.']),
      ].join('\n'),
    );
  },
};
