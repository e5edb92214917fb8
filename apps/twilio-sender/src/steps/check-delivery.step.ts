import {
  type CommandState,
  type DeliveryState,
  type MessageCommand,
  topics,
  twilioSenderStores,
} from '#libs/contracts';
import { LedgerwireError } from '#libs/core';
import type { TaskContext } from '#libs/streams';
import { type Channel, deliveryFailureOf, type MessageState, polledReportOf } from '#libs/vendor-kit';
import { CommandLedger } from '../command-states.js';
import type { SenderTools } from '../sender-tools.js';
import { setCommandTimer, timerNames } from '../timers.js';
import { tellCommand } from '../trail.js';
import { mayRetry } from './plan-redelivery.step.js';

/** A sent command whose delivery is due to be looked at for the `round`-th time (0 = first). */
export interface DeliveryCheck {
  readonly command: MessageCommand;
  readonly state: CommandState;
  readonly round: number;
}

/**
 * Ends the command when its delivery is final; else asks the vendor and passes the answer on as a report like any other, so
 * that callbacks and polls meet the same ranking. After the last round a message without a receipt stays `sent` for good.
 */
export async function checkDelivery(
  tools: SenderTools,
  check: DeliveryCheck,
  context: TaskContext,
): Promise<void> {
  const { command, state, round } = check;
  if (state.messageSid === null) return;
  const delivery = deliveryOf(state, context);
  const final = delivery && tools.messaging.rankOf(command.channel as Channel, delivery.status).final;
  const resendPlanned = isUndelivered(tools, command, state, context);
  if (delivery && final && !resendPlanned) {
    new CommandLedger(context).end(command, 'final', state.deliveryStatus ?? delivery.status);
    return;
  }
  const polled = final ? undefined : await fetchState(tools, command, state.messageSid);
  if (polled) {
    const report = polledReportOf(callable(tools, command), polled, {
      commandId: command.commandId,
      receivedAt: context.now(),
    });
    context.emit(topics.deliveryReports, command.connectionId, report);
  }
  planNextCheck(tools, { command, state, round: round + 1 }, context);
}

/** Whether the command's last message failed in a way that is tried again; then the command keeps its text. */
export function isUndelivered(
  { messaging }: Pick<SenderTools, 'messaging'>,
  command: MessageCommand,
  state: CommandState,
  context: TaskContext,
): boolean {
  const delivery = deliveryOf(state, context);
  if (!delivery || messaging.rankOf(command.channel as Channel, delivery.status).delivered !== false)
    return false;
  return mayRetry(deliveryFailureOf(messaging, delivery.errorCode), state);
}

function deliveryOf(state: CommandState, context: TaskContext): DeliveryState | undefined {
  return state.messageSid === null
    ? undefined
    : context.store(twilioSenderStores.deliveries).get(state.messageSid);
}

function planNextCheck(
  tools: SenderTools,
  { command, state, round }: DeliveryCheck,
  context: TaskContext,
): void {
  const afterMs = tools.settings.deliveryChecksMs[round];
  if (afterMs !== undefined) {
    const checkAt = Math.max(state.intendedAt + afterMs, context.now() + 60_000);
    setCommandTimer(context, command, timerNames.checkDelivery, checkAt, { round });
    return;
  }
  const delivery = deliveryOf(state, context);
  const final = delivery && tools.messaging.rankOf(command.channel as Channel, delivery.status).final;
  const known = state.deliveryStatus ?? (final ? delivery.status : undefined);
  new CommandLedger(context).end(command, 'final', known ?? 'undetermined');
  if (known !== undefined) return;
  tellCommand(context, command, {
    step: 'deliver',
    status: 'undetermined',
    reason: 'no-receipt',
    detail: 'The carrier gave no receipt; whether the message arrived will not be known',
    messageSid: state.messageSid,
  });
}

/** The message at the vendor, or undefined when it cannot be had now; the next round asks again. */
async function fetchState(
  tools: SenderTools,
  command: MessageCommand,
  messageSid: string,
): Promise<MessageState | undefined> {
  const connection = tools.connections.get(command.connectionId);
  if (connection?.status !== 'active') return undefined;
  try {
    const channel = command.channel as Channel;
    return await tools.messaging.fetch(tools.callFor(connection), { channel, messageSid });
  } catch (error) {
    if (error instanceof LedgerwireError && error.disposition !== 'halt') return undefined;
    throw error;
  }
}

function callable({ connections }: SenderTools, command: MessageCommand) {
  const { connectionId, workspaceId } = command;
  return { connectionId, workspaceId, vendor: connections.get(connectionId)?.vendor ?? '' };
}
