import {
  type AccountingRecord,
  type FailedMessage,
  mapperStores,
  type Outcome,
  outcomeOf,
  topics,
} from '#libs/contracts';
import { companyDate, debtsUntil, evaluateFallback } from '#libs/flows';
import type { OutcomeSubject, TaskContext } from '#libs/streams';
import { failedKey } from '../keys.js';
import type { MapperTools } from '../mapper-tools.js';
import { timerNames } from '../timers.js';
import { currentTraceId } from '../trace.js';
import { tellRecord } from '../trail.js';
import { askForEntity } from './ask-for-entities.step.js';
import { emitMessages } from './emit-messages.step.js';
import { gatherInput, withTarget } from './gather-input.step.js';
import { tellDeferral } from './hold-event.step.js';
import { debtsOf } from './join-debtor.step.js';
import { putOffOtherWay, setFailedTimer } from './put-off-other-way.step.js';
import { findUsableFlow } from './usable-flow.js';

const TOKEN_PREFIX = 'failed/';

/**
 * A message failed for good and its flow has another way. What goes out then goes the way of every message: the state is read again
 * first, quiet hours put it off, the daily cap counts it. Written here and by the answer in the debtor's lane, one after the
 * other: there is no answer before the question.
 */
export function takeOtherWay(tools: MapperTools, failed: FailedMessage, context: TaskContext): void {
  const key = failedKey(failed);
  const failures = context.store(mapperStores.failed);
  if (failures.get(key)) return;
  failures.put(key, failed);
  askBeforeOtherWay(tools, { key, tries: 0 }, context);
}

/** Asks for the state, now or when the hour has come; the timer stays as a guard and asks again, as for reminders. */
export function askBeforeOtherWay(
  tools: MapperTools,
  { key, tries }: { readonly key: string; readonly tries: number },
  context: TaskContext,
): void {
  const failed = context.store(mapperStores.failed).get(key);
  if (!failed) return;
  if (tries >= tools.settings.recheckTries) {
    forget(key, context);
    const detail = 'The state could not be read again before the message, so it was not sent';
    tellFailed(context, failed, { status: 'skipped', reason: 'not-rechecked', detail });
    return;
  }
  const { entityType, entityId } = failed;
  const round = `${context.now()}/${tries}`;
  const asker = { ...failed, webhookIds: [] };
  askForEntity(asker, { entityType, entityId, token: `${TOKEN_PREFIX}${key}`, round }, context);
  const { baseMs, capMs } = tools.settings.recheckWait;
  setFailedTimer(context, failed, context.now() + Math.min(baseMs * 2 ** tries, capMs), tries + 1);
  tellFailed(context, failed, { status: 'rechecking', reason: 'message-failed' });
}

/** The state that was asked for is there: the other way is taken, waits for its hour, or the trail says why it is not. */
export async function answerOtherWay(
  tools: MapperTools,
  record: AccountingRecord,
  token: string,
  context: TaskContext,
): Promise<void> {
  if (!token.startsWith(TOKEN_PREFIX)) return;
  const key = token.slice(TOKEN_PREFIX.length);
  const failed = context.store(mapperStores.failed).get(key);
  if (!failed || failed.entityId !== record.entityId) return;
  const usable = findUsableFlow(tools, failed.flowId, record);
  forget(key, context);
  if (!usable.ok) {
    tellRecord(context, record, { status: 'skipped', ...usable.why, ...aboutEvent(failed) });
    return;
  }
  const { flow, sourceConnection, targetConnection } = usable;
  const gathered = gatherInput({ record, previous: null, sourceConnection, giveUp: true }, context);
  const today = companyDate(context.now(), sourceConnection.timeZone);
  const contactId = record.invoice?.contactId;
  const debts = contactId
    ? debtsOf(
        { connectionId: record.connectionId, contactId, reminders: [] },
        debtsUntil(flow, failed.flowStep, today),
        context,
      )
    : [];
  const input = withTarget(tools, { ...gathered, debts }, targetConnection);
  const evaluation = await evaluateFallback(flow, failed, input, tools.renderer);
  const { deferrals } = evaluation;
  for (const deferral of deferrals) tellDeferral(tools, record, deferral, context);
  if (deferrals.length > 0) putOffOtherWay(failed, Math.min(...deferrals.map(({ until }) => until)), context);
  const manner = { again: false, quiet: false, resumed: true, since: failed.failedAt, failed };
  emitMessages(tools, record, evaluation, context, manner);
}

function forget(key: string, context: TaskContext): void {
  context.store(mapperStores.failed).delete(key);
  context.cancelTimer(timerNames.otherWay, key);
}

function aboutEvent({ flowId, flowStep, businessEvent }: FailedMessage) {
  return { flowId, flowStep, businessEvent };
}

/** What an outcome about a failed message refers to. */
export function aboutFailed(failed: FailedMessage): OutcomeSubject {
  const { workspaceId, origin, vendor, connectionId, entityType, entityId, entityNumber } = failed;
  const { recordId, commandId, channel } = failed;
  return {
    workspaceId,
    step: 'map',
    origin,
    vendor,
    connectionId,
    entityType,
    entityId,
    entityNumber,
    recordId,
    commandId,
    channel,
    ...aboutEvent(failed),
  };
}

function tellFailed(
  context: TaskContext,
  failed: FailedMessage,
  verdict: Pick<Outcome, 'status' | 'reason'> & Partial<Pick<Outcome, 'detail'>>,
): void {
  const outcome = outcomeOf({
    ...aboutFailed(failed),
    ...verdict,
    workspaceId: failed.workspaceId,
    step: 'map',
    service: context.service,
    at: context.now(),
    what: failed.commandId,
    traceId: currentTraceId(),
  });
  context.emit(topics.outcomes, failed.workspaceId, outcome);
}
