import {
  type DeliveryReport,
  type DeliveryState,
  outcomeOf,
  topics,
  twilioSenderStores,
} from '#libs/contracts';
import type { TaskContext } from '#libs/streams';
import { type Channel, deliveryFailureOf } from '#libs/vendor-kit';
import { CommandLedger, keptCommand } from '../command-states.js';
import type { SenderTools } from '../sender-tools.js';
import { setCommandTimer, timerNames } from '../timers.js';
import { currentTraceId } from '../trace.js';
import { aboutCommand } from '../trail.js';
import { escalate } from './escalate.step.js';
import { planRedelivery } from './plan-redelivery.step.js';
import { rememberOptOut } from './remember-opt-out.step.js';

/**
 * Takes one delivery report: keeps it when it ends the delivery or shows a message that nobody has booked, and ranks higher than
 * what is XX
 */
export function applyReport(tools: SenderTools, report: DeliveryReport, context: TaskContext): void {
  const deliveries = context.store(twilioSenderStores.deliveries);
  const known = deliveries.get(report.messageSid);
  if (!ranksHigher(tools, report, known)) return;
  const link = context.store(twilioSenderStores.messages).get(report.messageSid);
  const { final, delivered } = tools.messaging.rankOf(report.channel as Channel, report.status);
  // On its way, of a message that is booked: nothing is told of it, and what comes next ranks higher anyway.
  if (!final && link && !known) return;
  const commandId = report.commandId ?? link?.commandId ?? known?.commandId ?? null;
  deliveries.put(report.messageSid, {
    commandId,
    status: report.status,
    errorCode: report.errorCode,
    reportedAt: report.receivedAt,
  });
  if (commandId !== null && !link) proveSend(context, commandId, report.messageSid);
  // Failures were told of it before, or of a later message: one more may be on its way out.
  if (link && delivered && mayBeRepeated(context, link.commandId, { known, messageSid: report.messageSid }))
    proveSend(context, link.commandId, report.messageSid);
  if (final) endDelivery(tools, report, { context, commandId });
}

/** A status that ranks no higher than the known one came late or twice. */
export function ranksHigher(
  { messaging }: Pick<SenderTools, 'messaging'>,
  report: DeliveryReport,
  known: DeliveryState | undefined,
): boolean {
  if (!known) return true;
  const channel = report.channel as Channel;
  return messaging.rankOf(channel, report.status).rank > messaging.rankOf(channel, known.status).rank;
}

/** Whether a repeat may be planned, or under way, although the message has arrived. */
function mayBeRepeated(
  context: TaskContext,
  commandId: string,
  { known, messageSid }: { readonly known: DeliveryState | undefined; readonly messageSid: string },
): boolean {
  return known !== undefined || new CommandLedger(context).get(commandId)?.messageSid !== messageSid;
}

/** Tells the recipient's lane that a message exists which nobody has booked yet, or that one has arrived which had failed. */
function proveSend(context: TaskContext, commandId: string, messageSid: string): void {
  const command = keptCommand(new CommandLedger(context).get(commandId));
  if (command) setCommandTimer(context, command, timerNames.prove, context.now(), { messageSid });
}

interface ReportSituation {
  readonly context: TaskContext;
  readonly commandId: string | null;
}

function endDelivery(
  tools: SenderTools,
  report: DeliveryReport,
  { context, commandId }: ReportSituation,
): void {
  const { delivered } = tools.messaging.rankOf(report.channel as Channel, report.status);
  const failure = delivered === false ? deliveryFailureOf(tools.messaging, report.errorCode) : undefined;
  const state = commandId === null ? undefined : new CommandLedger(context).get(commandId);
  const command = keptCommand(state);
  const retryAt =
    failure && command && state
      ? planRedelivery(tools, failure, { command, state, now: context.now() })
      : undefined;
  if (command && retryAt !== undefined)
    setCommandTimer(context, command, timerNames.resend, retryAt, {
      cause: 'undelivered',
      messageSid: report.messageSid,
      tries: 1,
    });
  const onlyStaff = failure?.class === 'opted-out';
  if (command && onlyStaff)
    rememberOptOut(tools, command, context, {
      source: 'delivery-report',
      errorCode: String(report.errorCode),
    });
  const arrivedBefore = typeof state?.deliveryStatus === 'string';
  if (command && failure && retryAt === undefined && !arrivedBefore)
    escalate(tools, command, context, { reason: failure.reason, onlyStaff });
  tools.metrics.deliveryEnded(report.channel, report.status, failure?.class ?? 'none');
  context.emit(
    topics.outcomes,
    report.workspaceId,
    outcomeOf({
      ...(command ? aboutCommand(command) : { workspaceId: report.workspaceId, channel: report.channel }),
      step: 'deliver',
      // The Email API writes its words in capitals.
      status: report.status.toLowerCase(),
      service: context.service,
      at: context.now(),
      what: report.messageSid,
      commandId,
      messageSid: report.messageSid,
      traceId: currentTraceId(),
      reason: failure?.reason ?? null,
      detail: failure ? deliveryDetail(failure.meaning, retryAt) : null,
      errorCode: report.errorCode === null ? null : String(report.errorCode),
      nextTryAt: retryAt ?? null,
      attempt: state?.attempts ?? 1,
    }),
  );
}

function deliveryDetail(meaning: string, retryAt: number | undefined): string {
  return retryAt === undefined ? meaning : `${meaning}; it is sent again`;
}
