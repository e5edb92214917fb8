import type { Command } from '../../command.js';

/** Switches a flow on. */
export const flowEnableCommand = switchCommand(true);

/** Switches a flow off. */
export const flowDisableCommand = switchCommand(false);

function switchCommand(enabled: boolean): Command {
  return {
    name: enabled ? 'flow enable' : 'flow disable',
    summary: enabled
      ? 'Switch a flow on'
      : 'Switch a flow off: it makes no more messages, and the trail says why',
    positionals: ['<id>'],
    async run({ args, console, show }) {
      const flow = await console.flow(args.word(0, '<id>'));
      const state = enabled ? 'on' : 'off';
      if (flow.enabled === enabled) {
        show({ flow, unchanged: true }, () => `Flow ${flow.flowId} is ${state} already.`);
        return;
      }
      const applied = await console.applyFlow(flow.flowId, { yaml: flow.yaml, enabled }, flow.version);
      show(applied, () => `Flow ${flow.flowId} is ${state} (version ${applied.flow.version}).`);
    },
  };
}
