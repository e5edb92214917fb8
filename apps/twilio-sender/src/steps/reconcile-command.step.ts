import type { CommandState, MessageCommand } from '#libs/contracts';
import { fullJitterBackoff } from '#libs/core';
import type { TaskContext } from '#libs/streams';
import { CommandLedger } from '../command-states.js';
import type { SenderTools } from '../sender-tools.js';
import { setCommandTimer, timerNames } from '../timers.js';
import { tellCommand } from '../trail.js';
import { recordSent } from './attempt-send.step.js';
import { findSentMessage } from './find-sent-message.step.js';
import { sendCommandLater } from './send-command.step.js';

/** An uncertain command with its state and the number of looks so far. */
export interface Doubt {
  readonly command: MessageCommand;
  readonly state: CommandState;
  readonly tries: number;
}

/**
 * Settles an uncertain command: found → sent; shown absent → sent again under the same command; not to be known → looked for
 * again, and in the end decided by the flow's policy.
 */
export async function reconcileCommand(
  tools: SenderTools,
  doubt: Doubt,
  context: TaskContext,
): Promise<void> {
  const { command, state, tries } = doubt;
  const connection = tools.connections.get(command.connectionId);
  if (connection?.status === 'disconnected') {
    endUnsettled(tools, doubt, context);
    return;
  }
  if (connection?.status !== 'active') {
    // Nobody was asked: this is no look that told nothing.
    const lookAt = context.now() + tools.settings.configurationWaitMs;
    setCommandTimer(context, command, timerNames.reconcile, lookAt, { tries });
    return;
  }
  const finding = await findSentMessage(tools, { command, connection, state }, context);
  switch (finding.kind) {
    case 'found':
      tools.metrics.settledBy('list');
      recordSent(tools, command, context, { messageSid: finding.messageSid, reason: 'found-at-vendor' });
      return;
    case 'absent':
      tools.metrics.settledBy('absence');
      await sendCommandLater(tools, command, 1, context);
      return;
    case 'early':
      setCommandTimer(context, command, timerNames.reconcile, finding.until, { tries });
      return;
    case 'unknown':
      await decideUnknown(tools, doubt, context);
  }
}

/** There is nobody left to ask, and a callback would not be believed: what became of it will not be known. */
function endUnsettled(tools: SenderTools, { command, state }: Doubt, context: TaskContext): void {
  tools.metrics.settledBy('disconnected');
  new CommandLedger(context).end(command, 'final', 'undetermined');
  tellCommand(context, command, {
    step: 'send',
    status: 'undetermined',
    reason: 'disconnected',
    detail: 'The messaging connection was removed before it was known whether the message had left',
    attempt: state.attempts,
  });
}

async function decideUnknown(tools: SenderTools, doubt: Doubt, context: TaskContext): Promise<void> {
  const { command, state, tries } = doubt;
  const policy = parsePolicy(command.uncertainPolicy);
  if (policy.kind === 'repeat-after' && context.now() >= state.intendedAt + policy.afterMs) {
    tools.metrics.settledBy('policy-repeat');
    await sendCommandLater(tools, command, 1, context);
    return;
  }
  if (policy.kind === 'repeat-after' || tries + 1 < tools.settings.reconcileTries) {
    lookAgain(tools, doubt, context);
    return;
  }
  tools.metrics.settledBy(policy.kind === 'ask' ? 'policy-ask' : 'policy-never');
  tellCommand(context, command, {
    step: 'send',
    status: 'uncertain',
    reason: policy.kind === 'ask' ? 'awaiting-decision' : 'never-repeat',
    detail:
      policy.kind === 'ask'
        ? 'The vendor could not be asked; an operator decides whether it is sent again'
        : 'The vendor could not be asked; by the policy of the flow it is not sent again',
    attempt: state.attempts,
  });
}

function lookAgain(tools: SenderTools, { command, state, tries }: Doubt, context: TaskContext): void {
  const policy = parsePolicy(command.uncertainPolicy);
  const backoffAt =
    context.now() + 1_000 + fullJitterBackoff(tools.settings.reconcileBackoff, tries + 1, tools.random);
  const repeatAt = policy.kind === 'repeat-after' ? state.intendedAt + policy.afterMs : Infinity;
  const lookAt = Math.max(Math.min(backoffAt, repeatAt), context.now() + 1_000);
  setCommandTimer(context, command, timerNames.reconcile, lookAt, { tries: tries + 1 });
}

/** What a flow wants when it cannot be known whether a message left. */
export type UncertainPolicy =
  | { readonly kind: 'never' }
  | { readonly kind: 'repeat-after'; readonly afterMs: number }
  | { readonly kind: 'ask' };

/** Reads `never`, `repeat-after:<minutes>` or `ask`; anything else counts as `never`, the answer that cannot double a message. */
export function parsePolicy(text: string): UncertainPolicy {
  if (text === 'ask') return { kind: 'ask' };
  const minutes = /^repeat-after:(\d{1,6})$/.exec(text)?.[1];
  return minutes === undefined
    ? { kind: 'never' }
    : { kind: 'repeat-after', afterMs: Number(minutes) * 60_000 };
}
