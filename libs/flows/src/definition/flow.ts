import type { IsoDate } from '#libs/contracts';
import type { Money } from '#libs/core';
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
  readonly lists: readonly ListChoice[];
}

/** A list of recipients by client or vendor, and who gets the message of a contact that is not on it. */
export interface ListChoice {
  readonly name: string;
  readonly entries: readonly ListEntry[];
  readonly otherwise: 'customer' | 'vendor' | null;
}

/** Who gets what is meant for one client or vendor. */
export interface ListEntry {
  /** What the contact may be named by; empty: every contact that has no entry of its own. */
  readonly names: readonly string[];
  /** Numbers among the names, E.164. */
  readonly numbers: readonly string[];
  readonly addresses: StaffList;
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
  /** Whose clocks `at` is read from. */
  readonly zone: 'company' | 'recipient';
  /** One message lists everything that a debtor owes, and there is one of them a day and step. */
  readonly grouped: boolean;
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
  /** What goes out when a message of the step cannot reach its recipient: another channel, or a word to colleagues. */
  readonly fallback: Delivery | null;
  /** Parts of the data that its conditions and templates name. */
  readonly roots: ReadonlySet<string>;
  /** Oldest event that is still announced when its transition was not seen, in milliseconds. */
  readonly maxAgeMs: number;
  /** Goes out in quiet hours too, and beyond the daily cap. */
  readonly urgent: boolean;
}

/** When messages wait, by the recipient's clocks. */
export interface QuietHours {
  /** `HH:MM`; the hours may span midnight. */
  readonly from: string;
  readonly to: string;
  /** Whole days that are quiet as well. */
  readonly weekends: boolean;
  readonly holidays: boolean;
  readonly channels: readonly Channel[];
  /** Whether colleagues are left alone too. */
  readonly staff: boolean;
}

/** How many messages one person may get a day by all flows of a workspace, and what becomes of one too many. */
export interface DailyCap {
  readonly messages: number;
  readonly beyond: 'defer' | 'skip';
}

/** Whether contacts of the books are kept at Twilio as well. */
export interface ContactSync {
  readonly of: 'customers' | 'vendors' | 'all';
  readonly condition: Condition | null;
  /** Opt-outs go back into the books, where the vendor lets us. */
  readonly twoWay: boolean;
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
  /** Days on which nothing that keeps to working days goes out. */
  readonly holidays: ReadonlySet<IsoDate>;
  readonly quietHours: QuietHours | null;
  readonly dailyCap: DailyCap | null;
  /** What a segment costs about, by country of the number (ISO 3166 alpha-2) or `*`. */
  readonly smsPrices: ReadonlyMap<string, Money>;
  readonly contactSync: ContactSync | null;
  readonly steps: readonly Step[];
}
