import type { IsoDate } from '#libs/contracts';
import type { Condition } from '../conditions/condition.js';
import type { Trigger } from '../events/triggers.js';

/** How a message travels. */
export type Channel = 'sms' | 'email';

/** Addresses of colleagues, checked and normalised. */
export interface StaffList {
  /** E.164. */
  readonly phones: readonly string[];
  readonly emails: readonly string[];
}

/** Who gets a message. */
export interface Recipients {
  /** The contact of the document, or the one that changed; as whom it is meant, or null. */
  readonly contact: 'customer' | 'vendor' | null;
  readonly staff: StaffList;
}

/** Liquid texts of one message. */
export interface MessageTemplates {
  /** Body of an e-mail, and of an SMS unless there is `sms`. */
  readonly text: string;
  readonly sms: string | null;
  /** Needed where e-mail is a channel. */
  readonly subject: string | null;
  readonly html: string | null;
}

/** What goes out to whom and how, once a step's conditions are met. */
export interface Delivery {
  readonly recipients: Recipients;
  /** In order of preference; the first that has an address for the recipient is used. */
  readonly channels: readonly Channel[];
  readonly templates: MessageTemplates;
  /** Overrides the connection's sender, by channel. */
  readonly sender: Readonly<Record<Channel, string | null>>;
  /** `never`, `ask` or `repeat-after:<minutes>`, as in MessageCommand. */
  readonly uncertainPolicy: string;
  /** How long after it was derived a message may still leave, in milliseconds; null: no limit. */
  readonly notAfterMs: number | null;
}

/** One way that a step can take; the first whose condition is met is taken. */
export interface Branch {
  /** Null: always. */
  readonly condition: Condition | null;
  readonly delivery: Delivery;
}

/** When a timed step fires, relative to the due date. */
export interface ReminderSchedule {
  /** Days before (due-soon) or after (overdue) the due date, ascending, distinct. */
  readonly days: readonly number[];
  /** Local time in the company's zone, `HH:MM`. */
  readonly at: string;
  /** Moves what would fall on a weekend to the next working day. */
  readonly businessDays: boolean;
  /** How long after its instant a reminder may still go out, in milliseconds. */
  readonly catchUpMs: number;
}

/** The additional word to colleagues when a reminder goes out. */
export interface Escalation {
  /** From this number of days on. */
  readonly fromDays: number;
  readonly condition: Condition | null;
  readonly delivery: Delivery;
}

/** One rule of a flow. */
export interface Step {
  readonly id: string;
  readonly trigger: Trigger;
  /** Set for timed triggers. */
  readonly schedule: ReminderSchedule | null;
  readonly condition: Condition | null;
  readonly branches: readonly Branch[];
  readonly escalation: Escalation | null;
  /** Parts of the data that its conditions and templates name. */
  readonly roots: ReadonlySet<string>;
  /** Oldest event that is still announced when its transition was not seen, in milliseconds. */
  readonly maxAgeMs: number;
}

/** A flow as it was checked; made by `parseFlow` and `loadFlow` only. */
export interface Flow {
  readonly id: string;
  readonly name: string;
  readonly workspaceId: string;
  /** 0 until `loadFlow` puts in the version that the operator applied. */
  readonly version: number;
  readonly enabled: boolean;
  readonly sourceConnectionId: string;
  readonly targetConnectionId: string;
  /** BCP 47; how amounts and dates are written. */
  readonly locale: string;
  /** What happened before this day is not announced; null: no such day. */
  readonly activeFrom: IsoDate | null;
  readonly steps: readonly Step[];
}
