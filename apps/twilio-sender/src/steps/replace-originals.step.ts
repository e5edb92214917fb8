import type { CommandState, MessageCommand } from '#libs/contracts';
import type { TaskContext } from '#libs/streams';
import type { Channel } from '#libs/vendor-kit';
import { CommandLedger, keptCommand, standingOf } from '../command-states.js';
import type { SenderTools } from '../sender-tools.js';
import { tellCommand } from '../trail.js';
import { isUndelivered } from './check-delivery.step.js';

/** A command by which an operator has a message sent again. */
export interface Resend {
  readonly command: MessageCommand;
  /** Ids of the commands that it stands for. */
  readonly originals: readonly string[];
  /** When it was asked for, UTC. */
  readonly askedAt: number;
}

/**
 * Sees to it that a message which an operator resends is not sent by its original as well: one that waits, is in doubt or is to be
 * repeated ends here, which is committed, so that it holds also while the resend itself must wait. What may have left by then
 * stays a deliberate repeat, and the trail says so.
 * @returns false when the resend is not needed any more: its original was called after the operator had asked, since it was its
 *   turn in the recipient's lane.
 */
export async function replaceOriginals(
  tools: SenderTools,
  { command, originals, askedAt }: Resend,
  context: TaskContext,
): Promise<boolean> {
  const ledger = new CommandLedger(context);
  let replaced = false;
  for (const commandId of originals) {
    const state = ledger.get(commandId);
    if (state && leftSince(tools, command, state, askedAt)) {
      skipResend(command, context);
      return false;
    }
    const original = keptCommand(state);
    // The other way of a resent message names the same original, which is in another recipient's lane.
    if (!state || original?.to !== command.to || original.channel !== command.channel) continue;
    replaced = replace(tools, { original, state }, context) || replaced;
  }
  if (replaced) await context.commit();
  return true;
}

function leftSince(
  { messaging }: SenderTools,
  command: MessageCommand,
  state: CommandState,
  askedAt: number,
): boolean {
  if (state.intendedAt <= askedAt) return false;
  if (state.status !== 'final') return ['interrupted', 'uncertain', 'sent'].includes(standingOf(state));
  return messaging.rankOf(command.channel as Channel, state.deliveryStatus ?? '').delivered !== false;
}

function skipResend(command: MessageCommand, context: TaskContext): void {
  new CommandLedger(context).end(command, 'skipped');
  tellCommand(context, command, {
    step: 'send',
    status: 'skipped',
    reason: 'sent-meanwhile',
    detail: 'The message itself was sent after somebody had asked to send it again',
  });
}

function replace(
  tools: SenderTools,
  { original, state }: { readonly original: MessageCommand; readonly state: CommandState },
  context: TaskContext,
): boolean {
  const standing = standingOf(state);
  if (standing === 'ended') return false;
  if (standing === 'sent' && !isUndelivered(tools, original, state, context)) return false;
  new CommandLedger(context).end(original, standing === 'sent' ? 'final' : 'skipped', state.deliveryStatus);
  const inDoubt = standing === 'uncertain' || standing === 'interrupted';
  if (inDoubt) tools.metrics.settledBy('operator');
  tellCommand(context, original, {
    step: 'send',
    status: 'skipped',
    reason: 'resent-by-operator',
    detail: inDoubt
      ? 'An operator had it sent again although it may have left: the recipient may have it twice'
      : 'An operator had it sent again; nothing more is sent under this command',
  });
  return true;
}
