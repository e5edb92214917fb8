import { type AccountingRecord, type HeldEvent, mapperStores } from '#libs/contracts';
import { digestOf } from '#libs/core';
import type { Deferral } from '#libs/flows';
import type { TaskContext } from '#libs/streams';
import type { MapperTools } from '../mapper-tools.js';
import { setRecordTimer, timerNames } from '../timers.js';
import { tellRecord } from '../trail.js';
import { withoutLines } from './keep-record.step.js';

/** Puts off the events of messages that have to wait for their hour; each is looked at again at the earliest of their times. */
export function holdDeferred(
  tools: MapperTools,
  record: AccountingRecord,
  deferrals: readonly Deferral[],
  context: TaskContext,
  since?: number,
): void {
  const events = new Map<string, Omit<HeldEvent, 'record'>>();
  for (const deferral of deferrals) {
    tellDeferral(tools, record, deferral, context);
    const { flowId, stepId, businessEvent, changedFields, reason } = deferral;
    const key = heldKeyOf(record.connectionId, deferral);
    const until = Math.min(events.get(key)?.until ?? Number.POSITIVE_INFINITY, deferral.until);
    const first = since ?? context.store(mapperStores.held).get(key)?.since ?? context.now();
    events.set(key, { flowId, stepId, businessEvent, changedFields, reason, until, since: first });
  }
  for (const event of events.values()) holdEvent(record, event, context);
}

/** Puts off one event. */
export function holdEvent(
  record: AccountingRecord,
  event: Omit<HeldEvent, 'record'>,
  context: TaskContext,
): void {
  const key = heldKeyOf(record.connectionId, event);
  const about = JSON.stringify(withoutLines(record));
  context.store(mapperStores.held).put(key, { ...event, until: Math.round(event.until), record: about });
  setRecordTimer(context, record, {
    name: timerNames.held,
    key,
    fireAt: event.until,
    payload: { key, tries: 0 },
  });
}

/** Says that a message waits, and until when. */
export function tellDeferral(
  tools: MapperTools,
  record: AccountingRecord,
  deferral: Deferral,
  context: TaskContext,
): void {
  const { flowId, stepId, businessEvent, commandId, channel, recipient, reason, detail, until } = deferral;
  tools.metrics.skipped(reason);
  const about = { flowId, flowStep: stepId, businessEvent, commandId, channel, recipient };
  tellRecord(context, record, {
    status: 'deferred',
    reason,
    detail,
    nextTryAt: Math.round(until),
    ...about,
  });
}

function heldKeyOf(
  connectionId: string,
  { flowId, stepId, businessEvent }: Pick<HeldEvent, 'flowId' | 'stepId' | 'businessEvent'>,
): string {
  return `${connectionId}/${digestOf(flowId, stepId, businessEvent)}`;
}
