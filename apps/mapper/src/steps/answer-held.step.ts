import { type AccountingRecord, type HeldEvent, mapperStores } from '#libs/contracts';
import { evaluateHeld } from '#libs/flows';
import type { TaskContext } from '#libs/streams';
import type { MapperTools } from '../mapper-tools.js';
import { setRecordTimer, timerNames } from '../timers.js';
import { tellRecord } from '../trail.js';
import { askForEntity } from './ask-for-entities.step.js';
import { emitMessages } from './emit-messages.step.js';
import { gatherInput, withTarget } from './gather-input.step.js';
import { holdDeferred } from './hold-event.step.js';
import { findUsableFlow } from './usable-flow.js';

const TOKEN_PREFIX = 'held/';

/**
 * The hour of what was put off has come: what is true now counts, so the entity is read again first. The timer stays as a guard
 * and asks again, as for reminders.
 */
export function askBeforeHeld(
  tools: MapperTools,
  { key, tries }: { readonly key: string; readonly tries: number },
  context: TaskContext,
): void {
  const held = context.store(mapperStores.held).get(key);
  if (!held) return;
  const record = recordOf(held);
  if (tries >= tools.settings.recheckTries) {
    forget(key, context);
    const detail = 'The state could not be read again before the message, so it was not sent';
    tellRecord(context, record, { status: 'skipped', reason: 'not-rechecked', detail, ...aboutHeld(held) });
    return;
  }
  const { entityType, entityId } = record;
  const round = `${context.now()}/${tries}`;
  askForEntity(record, { entityType, entityId, token: `${TOKEN_PREFIX}${key}`, round }, context);
  const { baseMs, capMs } = tools.settings.recheckWait;
  const fireAt = context.now() + Math.min(baseMs * 2 ** tries, capMs);
  setRecordTimer(context, record, {
    name: timerNames.held,
    key,
    fireAt,
    payload: { key, tries: tries + 1 },
  });
  const waits = { status: 'rechecking', reason: 'hour-come', nextTryAt: Math.round(fireAt) };
  tellRecord(context, record, { ...waits, ...aboutHeld(held) });
}

/** The state that was asked for is there: the message leaves, waits again, or the trail says why it never will. */
export async function answerHeld(
  tools: MapperTools,
  record: AccountingRecord,
  token: string,
  context: TaskContext,
): Promise<void> {
  if (!token.startsWith(TOKEN_PREFIX)) return;
  const key = token.slice(TOKEN_PREFIX.length);
  const held = context.store(mapperStores.held).get(key);
  if (!held || recordOf(held).entityId !== record.entityId) return;
  const usable = findUsableFlow(tools, held.flowId, record);
  forget(key, context);
  if (!usable.ok) {
    tellRecord(context, record, { status: 'skipped', ...usable.why, ...aboutHeld(held) });
    return;
  }
  const { flow, sourceConnection, targetConnection } = usable;
  const gathered = gatherInput({ record, previous: null, sourceConnection, giveUp: true }, context);
  const evaluation = await evaluateHeld(
    flow,
    held,
    withTarget(tools, gathered, targetConnection),
    tools.renderer,
  );
  holdDeferred(tools, record, evaluation.deferrals, context, held.since);
  const manner = { again: false, quiet: false, resumed: true, since: held.since };
  emitMessages(tools, record, evaluation, context, manner);
}

function forget(key: string, context: TaskContext): void {
  context.store(mapperStores.held).delete(key);
  context.cancelTimer(timerNames.held, key);
}

function recordOf(held: HeldEvent): AccountingRecord {
  return JSON.parse(held.record) as AccountingRecord;
}

function aboutHeld({ flowId, stepId, businessEvent }: HeldEvent) {
  return { flowId, flowStep: stepId, businessEvent };
}
