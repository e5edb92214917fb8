import { type ContactCommand, type MessageCommand, type Outcome, outcomeOf, topics } from '#libs/contracts';
import { maskEmail, maskPhone } from '#libs/core';
import type { OutcomeSubject, TaskContext } from '#libs/streams';
import { currentTraceId } from './trace.js';

/** What the trail says about a command, beyond what the command itself tells. */
export type CommandVerdict = Pick<Outcome, 'step' | 'status'> &
  Partial<Pick<Outcome, 'reason' | 'detail' | 'messageSid' | 'errorCode' | 'nextTryAt'>> & {
    readonly attempt?: number;
    /** What the outcome is about when it is not the command as a whole, e.g. one message of several. */
    readonly what?: string;
  };

/** What an outcome about a command refers to; the recipient is masked. */
export function aboutCommand(command: MessageCommand): OutcomeSubject {
  return {
    workspaceId: command.workspaceId,
    step: 'send',
    origin: command.origin,
    vendor: command.sourceVendor,
    connectionId: command.sourceConnectionId,
    entityType: command.entityType,
    entityId: command.entityId,
    entityNumber: command.entityNumber,
    recordId: command.recordId,
    commandId: command.commandId,
    flowId: command.flowId,
    flowStep: command.flowStep,
    businessEvent: command.businessEvent,
    channel: command.channel,
    recipient: command.channel === 'email' ? maskEmail(command.to) : maskPhone(command.to),
  };
}

/** Writes an outcome about a command. */
export function tellCommand(context: TaskContext, command: MessageCommand, verdict: CommandVerdict): void {
  context.emit(
    topics.outcomes,
    command.workspaceId,
    outcomeOf({
      ...aboutCommand(command),
      service: context.service,
      at: context.now(),
      traceId: currentTraceId(),
      what: command.commandId,
      ...verdict,
    }),
  );
}

/** What the trail says about a contact. */
export type ContactVerdict = Pick<Outcome, 'status' | 'reason'>;

/** What an outcome about a contact refers to. */
export function aboutContact(command: ContactCommand): OutcomeSubject {
  const { workspaceId, sourceVendor, sourceConnectionId, entityId, flowId } = command;
  const { commandId, flowStep, businessEvent, recordId, origin } = command;
  return {
    workspaceId,
    step: 'contact',
    vendor: sourceVendor,
    connectionId: sourceConnectionId,
    entityType: 'contact',
    entityId,
    flowId,
    commandId,
    flowStep,
    businessEvent,
    recordId,
    origin,
  };
}

/** Writes an outcome about a command that concerns a contact. */
export function tellContact(context: TaskContext, command: ContactCommand, verdict: ContactVerdict): void {
  const outcome = outcomeOf({
    ...aboutContact(command),
    service: context.service,
    at: context.now(),
    traceId: currentTraceId(),
    what: command.commandId,
    ...verdict,
    step: 'contact',
  });
  context.emit(topics.outcomes, command.workspaceId, outcome);
}
