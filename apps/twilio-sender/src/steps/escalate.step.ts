import { type FailedMessage, headerNames, type MessageCommand, topics } from '#libs/contracts';
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
 * A message failed for good: where its flow has another way for that case the mapper takes it, who knows the books, the hours and the
 * caps. However often this is said, each message of the other way leaves once. Without a rule the failure stays where it is
 * shown: in the trail.
 */
export function escalate(
  { metrics }: Pick<SenderTools, 'metrics'>,
  command: MessageCommand,
  context: TaskContext,
  { reason, onlyStaff = false }: EscalationCause,
): void {
  if (command.onFailure.length === 0) return;
  const failed = failedOf(command, reason, onlyStaff, context.now());
  const headers = { [headerNames.origin]: command.origin, [headerNames.workspace]: command.workspaceId };
  context.emit(topics.failedMessages, failed.connectionId, failed, headers);
  metrics.escalated(command.channel, command.recipientKind);
  const whom = onlyStaff ? 'colleagues only' : 'the flow’s other way';
  tellCommand(context, command, {
    step: 'send',
    status: 'escalated',
    reason,
    detail: `It is decided anew on the present state: ${whom}`,
  });
}

function failedOf(command: MessageCommand, reason: string, onlyStaff: boolean, now: number): FailedMessage {
  const { commandId, workspaceId, sourceConnectionId, sourceVendor, entityType, entityId } = command;
  const { entityNumber, recordId, flowId, flowStep, businessEvent, channel, to, resendOf, origin } = command;
  return {
    commandId,
    workspaceId,
    connectionId: sourceConnectionId,
    vendor: sourceVendor,
    entityType,
    entityId,
    entityNumber,
    recordId,
    flowId,
    flowStep,
    businessEvent,
    channel,
    to,
    reason,
    onlyStaff,
    resendOf,
    origin,
    failedAt: now,
  };
}
