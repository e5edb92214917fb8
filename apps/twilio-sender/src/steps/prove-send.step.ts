import { type MessageCommand, twilioSenderStores } from '#libs/contracts';
import type { TaskContext } from '#libs/streams';
import type { Channel } from '#libs/vendor-kit';
import { CommandLedger, keptCommand, standingOf } from '../command-states.js';
import type { SenderTools } from '../sender-tools.js';
import { timerNames } from '../timers.js';
import { tellCommand } from '../trail.js';
import { recordSent } from './attempt-send.step.js';

/**
 * Books a message that a report has shown: for a command in doubt it is the proof; for one that has another message already
 * it is a second one, which is said plainly and counted. When it is booked already and has arrived, nothing is repeated any more.
 */
export function proveSend(
  tools: SenderTools,
  proof: { readonly commandId: string; readonly messageSid: string },
  context: TaskContext,
): void {
  const ledger = new CommandLedger(context);
  const state = ledger.get(proof.commandId);
  const command = keptCommand(state);
  if (!state || !command) return;
  if (ledger.knows(proof.messageSid)) {
    stopRepeats(tools, command, proof.messageSid, context);
    return;
  }
  const standing = standingOf(state);
  if (standing !== 'sent' && standing !== 'ended') {
    // Not `resend`: the report that proves it may have said that it did not arrive, and planned the next one.
    context.cancelTimer(timerNames.reconcile, proof.commandId);
    tools.metrics.settledBy('callback');
    recordSent(tools, command, context, { messageSid: proof.messageSid, reason: 'proved-by-callback' });
    return;
  }
  tools.metrics.foundSurplusMessage();
  tools.logger.warn({ event: 'message.surplus', ...proof });
  ledger.link(proof.messageSid, proof.commandId);
  tellCommand(context, command, {
    step: 'send',
    status: 'sent',
    reason: 'surplus-message',
    detail: 'The vendor has sent another message for this command, which had been taken for lost',
    messageSid: proof.messageSid,
    what: proof.messageSid,
  });
}

/** What waits to be sent again ends here; where a call is in doubt, it is remembered until the doubt is settled. */
function stopRepeats(
  { messaging }: Pick<SenderTools, 'messaging'>,
  command: MessageCommand,
  messageSid: string,
  context: TaskContext,
): void {
  const known = context.store(twilioSenderStores.deliveries).get(messageSid);
  if (!known || messaging.rankOf(command.channel as Channel, known.status).delivered !== true) return;
  if (new CommandLedger(context).arrive(command, messageSid, known.status))
    context.cancelTimer(timerNames.resend, command.commandId);
}
