import type { AccountingRecord } from '#libs/contracts';
import { evaluateReminder, parseReminderKey } from '#libs/flows';
import type { TaskContext } from '#libs/streams';
import type { MapperTools } from '../mapper-tools.js';
import { tellRecord } from '../trail.js';
import { endReminder, isPlanned } from './ask-before-reminder.step.js';
import { emitMessages } from './emit-messages.step.js';
import { describeProblems, targetOf } from './evaluate-record.step.js';
import { gatherInput } from './gather-input.step.js';
import { aboutReminder, setReminder } from './schedule-reminders.step.js';

/**
 * The state that a reminder asked for is there: the message goes out, or the trail says why not, or the reminder moves to
 * another time. A second answer to the same question finds the reminder gone and does nothing.
 */
export async function answerReminder(
  tools: MapperTools,
  record: AccountingRecord,
  token: string,
  context: TaskContext,
): Promise<void> {
  const reference = parseReminderKey(token);
  if (reference?.connectionId !== record.connectionId || reference.invoiceId !== record.entityId) return;
  if (!isPlanned(reference, token, context)) return;
  const booked = tools.flows.find(reference.flowId);
  const sourceConnection = tools.connections.get(record.connectionId);
  const targetConnection = booked && targetOf(tools, booked);
  const { flow } = booked ?? {};
  tools.metrics.reminder('answered');
  if (!flow || !sourceConnection || !targetConnection) {
    endReminder(reference, token, context);
    const reason = booked && !flow ? 'flow-invalid' : 'flow-changed';
    const detail =
      booked && !flow ? describeProblems(booked) : 'The flow or its connection is no longer there';
    tellRecord(context, record, { status: 'skipped', reason, detail, ...aboutReminder(flow, token) });
    return;
  }
  const work = { record, previous: null, sourceConnection, giveUp: true };
  const input = { ...gatherInput(work, context), targetConnection };
  const evaluation = await evaluateReminder(flow, reference, input, tools.renderer);
  const moved = evaluation.reminders.find(({ key }) => key === token);
  if (moved) setReminder(tools, record, moved, context);
  else endReminder(reference, token, context);
  emitMessages(tools, record, evaluation, context, { again: false, quiet: false });
}
