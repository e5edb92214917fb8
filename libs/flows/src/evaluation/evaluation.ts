import type { AccountingRecord, Connection, ContactCommand, EpochMs, MessageCommand } from '#libs/contracts';
import type { Money } from '#libs/core';
import type { Skip } from '../events/skip-reasons.js';
import type { ReminderPlan } from '../reminders/reminder.js';

/** What a flow is evaluated on. */
export interface EvaluationInput {
  readonly record: AccountingRecord;
  /** The state of the same entity that was handled last; null when none is known, or to derive its events anew (replay). */
  readonly previous: AccountingRecord | null;
  /** The contact of the record: undefined when it is not known here yet, null when it does not exist. */
  readonly contact?: AccountingRecord | null | undefined;
  /** The invoice that a payment settles; undefined and null as for `contact`. */
  readonly invoice?: AccountingRecord | null | undefined;
  readonly sourceConnection: Connection;
  readonly targetConnection: Connection;
  readonly now: EpochMs;
  /** An operator's replay may announce what is long past. */
  readonly ignoreAge?: boolean | undefined;
  /** An operator's demand goes out in quiet hours too. */
  readonly ignoreQuiet?: boolean | undefined;
  /** For what was put off: since when it waits, so that waiting for its hour does not make it late. */
  readonly heldSince?: EpochMs | undefined;
  /** For reminders of a whole debtor: everything that he owes. */
  readonly debts?: readonly AccountingRecord[] | undefined;
  /** How the vendor that sends counts a text message. */
  readonly measure?: ((text: string) => TextMeasure) | undefined;
  /** Whether a command was derived before; asked before rendering, so that repeats cost little. */
  readonly isDerived?: ((commandId: string) => boolean | Promise<boolean>) | undefined;
}

/** How a text message is cut, as the vendor counts. */
export interface TextMeasure {
  readonly encoding: string;
  /** Units of the encoding. */
  readonly units: number;
  readonly segments: number;
}

/** The measure of a text message, with about what it costs by the flow's prices. */
export interface MessageSize extends TextMeasure {
  /** Null where the flow names no price for the country of the number. */
  readonly cost: Money | null;
}

/** A message that should go out. */
export interface MessageDraft {
  /** Complete, ready for the `messages` topic. */
  readonly command: MessageCommand;
  /** The address as it may be shown in the trail. */
  readonly recipient: string;
  /** The contact that gets it; null when it goes to others. */
  readonly contactId: string | null;
  /** For events of contacts: the names of the fields that differ. */
  readonly changedFields: readonly string[];
  /** Goes out beyond the daily cap too. */
  readonly urgent: boolean;
  /** How long the text is and what it costs about; null for e-mails and where nobody measures. */
  readonly size: MessageSize | null;
  /** Why this channel, when it was not the first choice; no personal data. */
  readonly detail: string | null;
}

/** A message that has to wait for its hour; then its event is looked at again. */
export interface Deferral {
  readonly flowId: string;
  readonly stepId: string;
  readonly businessEvent: string;
  readonly commandId: string;
  readonly channel: string;
  /** The address as it may be shown in the trail. */
  readonly recipient: string;
  readonly reason: 'quiet-hours' | 'daily-cap';
  readonly detail: string;
  /** For events of contacts: the names of the fields that differ. */
  readonly changedFields: readonly string[];
  /** UTC. */
  readonly until: EpochMs;
}

/** A reminder that goes out together with the others of its debtor. */
export interface GroupJoin {
  readonly flowId: string;
  readonly stepId: string;
  readonly days: number;
  readonly invoiceId: string;
  /** What the message will be about, e.g. `debtor/7/overdue/2026-11-24`. */
  readonly businessEvent: string;
}

/** An entity whose state is needed before the record can be evaluated. */
export interface EntityReference {
  readonly entityType: 'contact' | 'invoice';
  readonly entityId: string;
}

/** What came of a flow and a record. Together the parts say of every step why something was or was not sent. */
export interface Evaluation {
  readonly messages: readonly MessageDraft[];
  readonly skips: readonly Skip[];
  /** Messages that wait for their hour. */
  readonly deferrals: readonly Deferral[];
  /** What is to change in the contacts that are kept at Twilio. */
  readonly contacts: readonly ContactCommand[];
  /** Reminders that are to go out with others of the debtor. */
  readonly joins: readonly GroupJoin[];
  /** Timers to set or move. */
  readonly reminders: readonly ReminderPlan[];
  /** Keys of timers to clear. */
  readonly cancel: readonly string[];
  /**
   * Not empty: some steps could not be decided. Fetch these entities and evaluate again with the same `previous`; what
   * was decided already comes out the same.
   */
  readonly needs: readonly EntityReference[];
}

/** Nothing came of it. */
export const NOTHING: Evaluation = {
  messages: [],
  skips: [],
  deferrals: [],
  contacts: [],
  joins: [],
  reminders: [],
  cancel: [],
  needs: [],
};

/** Several results as one; needs are named once. */
export function mergeEvaluations(parts: readonly Partial<Evaluation>[]): Evaluation {
  const needs = new Map(
    parts.flatMap((part) => part.needs ?? []).map((need) => [`${need.entityType}/${need.entityId}`, need]),
  );
  return {
    messages: parts.flatMap((part) => part.messages ?? []),
    skips: parts.flatMap((part) => part.skips ?? []),
    deferrals: parts.flatMap((part) => part.deferrals ?? []),
    contacts: parts.flatMap((part) => part.contacts ?? []),
    joins: parts.flatMap((part) => part.joins ?? []),
    reminders: parts.flatMap((part) => part.reminders ?? []),
    cancel: parts.flatMap((part) => part.cancel ?? []),
    needs: [...needs.values()],
  };
}
