import type { AccountingRecord } from '#libs/contracts';
import type { DueTimer, TaskContext } from '#libs/streams';
import { debtorLane } from './keys.js';

/** Names of the mapper's timers; all of them but `other-way` run in the debtor's lane. */
export const timerNames = {
  /** A reminder is due, or its question has had no answer yet. */
  reminder: 'reminder',
  /** A record that lacks another entity is looked at again. */
  related: 'related',
  /** A closed document is forgotten. */
  forget: 'forget',
  /** The hour of what was put off has come, or its question has had no answer yet. */
  held: 'held',
  /** The reminders of a debtor that have come together go out. */
  group: 'group',
  /** The hour of a failed message's other way has come, or its question has had no answer yet; in the message's lane. */
  otherWay: 'other-way',
} as const;

/** Payloads by timer name. */
export interface TimerPayloads {
  reminder: { readonly key: string; readonly tries: number };
  related: { readonly waitingKey: string };
  forget: { readonly entityKey: string };
  held: { readonly key: string; readonly tries: number };
  group: { readonly key: string };
  'other-way': { readonly key: string; readonly tries: number };
}

/** Sets a timer in the lane of the record's debtor. */
export function setRecordTimer<Name extends keyof TimerPayloads>(
  context: TaskContext,
  record: AccountingRecord,
  timer: {
    readonly name: Name;
    readonly key: string;
    readonly fireAt: number;
    readonly payload: TimerPayloads[Name];
  },
): void {
  context.setTimer({ ...timer, fireAt: Math.round(timer.fireAt), lane: debtorLane(record) });
}

/** The payload that {@link setRecordTimer} gave. */
export function payloadOf<Name extends keyof TimerPayloads>(
  timer: DueTimer,
  _name: Name,
): TimerPayloads[Name] {
  return timer.payload as TimerPayloads[Name];
}
