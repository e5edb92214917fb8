import { headerNames, type MessageCommand, topics } from '#libs/contracts';
import { uuidV5 } from '#libs/core';
import type { TaskContext } from '#libs/streams';
import type { SenderTools } from '../sender-tools.js';
import { tellCommand } from '../trail.js';

/** Why a message goes another way. */
export interface EscalationCause {
  readonly reason: string;
  /** Somebody who said no on one channel is not written to on another; a colleague may hear of it. */
  readonly onlyStaff?: boolean;
}

/**
 * A message failed for good: what its flow has for that case goes out as commands of their own, whose ids were made with the
 * message. However often this is said, each leaves once. Without a rule the failure stays where it is shown: in the trail.
 */
export function escalate(
  { metrics }: Pick<SenderTools, 'metrics'>,
  command: MessageCommand,
  context: TaskContext,
  { reason, onlyStaff = false }: EscalationCause,
): void {
  const headers = { [headerNames.origin]: command.origin, [headerNames.workspace]: command.workspaceId };
  for (const text of command.onFailure) {
    const instead = JSON.parse(text) as MessageCommand;
    if (onlyStaff && instead.recipientKind !== 'staff') continue;
    metrics.escalated(instead.channel, instead.recipientKind);
    // When an operator resends the message, what replaces it is new as well.
    const fresh = command.resendOf === null ? instead : resent(instead, command);
    context.emit(topics.messages, fresh.connectionId, fresh, headers);
    const whom = instead.recipientKind === 'staff' ? 'a colleague' : 'the recipient';
    tellCommand(context, command, {
      step: 'send',
      status: 'escalated',
      reason,
      detail: `The flow has ${whom} told by ${instead.channel === 'email' ? 'e-mail' : 'text message'} instead`,
      what: fresh.commandId,
    });
  }
}

function resent(instead: MessageCommand, failed: MessageCommand): MessageCommand {
  return {
    ...instead,
    commandId: uuidV5(instead.commandId, [failed.commandId]),
    resendOf: instead.commandId,
    notAfter: null,
    origin: failed.origin,
  };
}
