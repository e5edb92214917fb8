/** Parts of the data that a template or condition may name. */
export type ModelRoot =
  'invoice' | 'payment' | 'contact' | 'company' | 'tracking' | 'reminder' | 'change' | 'event' | 'today';

/** What a trigger is about and what it makes readable. */
export interface TriggerInfo {
  /** The entity type of the records that bring it. */
  readonly entityType: 'invoice' | 'payment' | 'contact';
  /** Set for triggers that time brings and no record: they need `days` and fire at a local hour. */
  readonly timed: boolean;
  /** Roots that templates and conditions of the step may name. */
  readonly roots: readonly ModelRoot[];
}

const common: readonly ModelRoot[] = ['contact', 'company', 'event', 'today'];
const invoiceRoots: readonly ModelRoot[] = ['invoice', 'tracking', ...common];

/** Every trigger; a closed list, and the only place where one is described. */
export const triggers = {
  'invoice.issued': { entityType: 'invoice', timed: false, roots: invoiceRoots },
  'invoice.paid': { entityType: 'invoice', timed: false, roots: invoiceRoots },
  'invoice.voided': { entityType: 'invoice', timed: false, roots: invoiceRoots },
  'invoice.due-soon': { entityType: 'invoice', timed: true, roots: [...invoiceRoots, 'reminder'] },
  'invoice.overdue': { entityType: 'invoice', timed: true, roots: [...invoiceRoots, 'reminder'] },
  'payment.received': { entityType: 'payment', timed: false, roots: ['payment', ...invoiceRoots] },
  'contact.changed': { entityType: 'contact', timed: false, roots: ['change', ...common] },
} as const satisfies Record<string, TriggerInfo>;

/** Name of a trigger. */
export type Trigger = keyof typeof triggers;

/** All trigger names, in the order of the documentation. */
export const triggerNames = Object.keys(triggers) as Trigger[];

/** Triggers that reminders are made of. */
export type ReminderTrigger = 'invoice.due-soon' | 'invoice.overdue';

/** Whether time brings this trigger, and not a record. */
export function isReminderTrigger(trigger: Trigger): trigger is ReminderTrigger {
  return triggers[trigger].timed;
}
