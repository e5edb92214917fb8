import type { MessageCommand } from '#libs/contracts';
import { rehearse, type TaskContext } from '#libs/streams';
import { CommandLedger, standingOf } from '../command-states.js';
import { tellCommand } from '../trail.js';

/** What a dry run says of a command: whether it would be sent, without looking at the vendor. */
export function rehearseSend(command: MessageCommand, replayId: string, context: TaskContext): Promise<void> {
  return rehearse(context, replayId, (rehearsal) => {
    const standing = standingOf(new CommandLedger(rehearsal).get(command.commandId));
    if (standing === 'open') tellCommand(rehearsal, command, { step: 'send', status: 'sent' });
    else {
      tellCommand(rehearsal, command, {
        step: 'send',
        status: 'duplicate',
        reason: 'duplicate-of',
        detail: 'The same command was taken already',
      });
    }
    return Promise.resolve();
  });
}
