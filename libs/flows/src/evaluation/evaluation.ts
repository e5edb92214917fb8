import type { AccountingRecord, Connection, EpochMs, MessageCommand } from '#libs/contracts';
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
  /** Whether a command was derived before; asked before rendering, so that repeats cost little. */
  readonly isDerived?: ((commandId: string) => boolean | Promise<boolean>) | undefined;
}

/** A message that should go out. */
export interface MessageDraft {
  /** Complete, ready for the `messages` topic. */
  readonly command: MessageCommand;
  /** The address as it may be shown in the trail. */
  readonly recipient: string;
  /** Why this channel, when it was not the first choice; no personal data. */
  readonly detail: string | null;
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
export const NOTHING: Evaluation = { messages: [], skips: [], reminders: [], cancel: [], needs: [] };

/** Several results as one; needs are named once. */
export function mergeEvaluations(parts: readonly Partial<Evaluation>[]): Evaluation {
  const needs = new Map(
    parts.flatMap((part) => part.needs ?? []).map((need) => [`${need.entityType}/${need.entityId}`, need]),
  );
  return {
    messages: parts.flatMap((part) => part.messages ?? []),
    skips: parts.flatMap((part) => part.skips ?? []),
    reminders: parts.flatMap((part) => part.reminders ?? []),
    cancel: parts.flatMap((part) => part.cancel ?? []),
    needs: [...needs.values()],
  };
}
