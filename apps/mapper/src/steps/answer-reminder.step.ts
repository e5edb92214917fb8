import type { AccountingRecord } from '#libs/contracts';
import { evaluateReminder, parseReminderKey } from '#libs/flows';
import type { TaskContext } from '#libs/streams';
import type { MapperTools } from '../mapper-tools.js';
import { tellRecord } from '../trail.js';
import { endReminder, heldSince, isPlanned } from './ask-before-reminder.step.js';
import { emitMessages } from './emit-messages.step.js';
import { gatherInput, withTarget } from './gather-input.step.js';
import { tellDeferral } from './hold-event.step.js';
import { joinDebtor } from './join-debtor.step.js';
import { aboutReminder, deferReminder, moveReminder } from './schedule-reminders.step.js';
import { findUsableFlow } from './usable-flow.js';

/**
 * The state that a reminder asked for is there: the message goes out, waits for its hour or for others of the debtor, or the
 * trail says why not, or the reminder moves to another time. A second answer to the same question finds the reminder gone and
 * does nothing.
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
  tools.metrics.reminder('answered');
  const usable = findUsableFlow(tools, reference.flowId, record);
  if (!usable.ok) {
    endReminder(reference, token, context);
    const about = aboutReminder(tools.flows.find(reference.flowId)?.flow, token);
    tellRecord(context, record, { status: 'skipped', ...usable.why, ...about });
    return;
  }
  const { flow, sourceConnection, targetConnection } = usable;
  const since = heldSince(reference, token, context);
  const gathered = gatherInput({ record, previous: null, sourceConnection, giveUp: true }, context);
  const input = withTarget(tools, { ...gathered, heldSince: since }, targetConnection);
  const evaluation = await evaluateReminder(flow, reference, input, tools.renderer);
  const moved = evaluation.reminders.find(({ key }) => key === token);
  const [join] = evaluation.joins;
  const { deferrals } = evaluation;
  for (const deferral of deferrals) tellDeferral(tools, record, deferral, context);
  if (moved) moveReminder(tools, record, moved, context);
  else if (join) joinDebtor(tools, record, { key: token, join }, context);
  else if (deferrals.length > 0) {
    const until = Math.min(...deferrals.map((deferral) => deferral.until));
    deferReminder(tools, record, { key: token, until, since: since ?? context.now() }, context);
  } else endReminder(reference, token, context);
  const resumed = since !== undefined;
  emitMessages(tools, record, evaluation, context, {
    again: false,
    quiet: false,
    resumed,
    since,
    reminders: [token],
  });
}
