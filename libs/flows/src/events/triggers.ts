import type { RecordBodies } from '#libs/contracts';

/** Parts of the data that a template or condition may name. */
export type ModelRoot =
  | 'invoice'
  | 'payment'
  | 'bill'
  | 'expense'
  | 'purchaseOrder'
  | 'vendorPayment'
  | 'contact'
  | 'company'
  | 'tracking'
  | 'debtor'
  | 'reminder'
  | 'change'
  | 'event'
  | 'today';

/** The canonical body of the records that bring a trigger. */
export type BodyName = keyof RecordBodies;

/** What a trigger is about and what it makes readable. */
export interface TriggerInfo {
  /** The bodies of the records that bring it. */
  readonly bodies: readonly BodyName[];
  /** Whom the document names: a customer, a supplier, or (for contacts) either. */
  readonly party: 'customer' | 'vendor' | 'either';
  /** Set for triggers that time brings and no record: they need `days` and fire at a local hour. */
  readonly timed: boolean;
  /** Roots that templates and conditions of the step may name. */
  readonly roots: readonly ModelRoot[];
}

const common: readonly ModelRoot[] = ['contact', 'company', 'event', 'today'];
const sales = {
  bodies: ['invoice'],
  party: 'customer',
  timed: false,
  roots: ['invoice', 'tracking', ...common],
} as const satisfies TriggerInfo;
const timedSales = { ...sales, timed: true, roots: [...sales.roots, 'reminder', 'debtor'] } as const;
const purchase = {
  bodies: ['invoice'],
  party: 'vendor',
  timed: false,
  roots: ['bill', 'tracking', ...common],
} as const satisfies TriggerInfo;
const aboutContact = {
  bodies: ['contact'],
  party: 'either',
  timed: false,
  roots: ['change', ...common],
} as const satisfies TriggerInfo;

/** Every trigger; a closed list, and the only place where one is described. */
export const triggers = {
  'invoice.created': sales,
  'invoice.issued': sales,
  'invoice.sent': sales,
  'invoice.paid': sales,
  'invoice.voided': sales,
  'invoice.due-soon': timedSales,
  'invoice.overdue': timedSales,
  'payment.received': { ...sales, bodies: ['payment'], roots: ['payment', ...sales.roots] },
  'bill.created': purchase,
  'bill.awaiting-approval': purchase,
  'expense.recorded': { ...purchase, bodies: ['expense'], roots: ['expense', ...common] },
  'purchase-order.created': {
    ...purchase,
    bodies: ['purchaseOrder'],
    roots: ['purchaseOrder', 'tracking', ...common],
  },
  'vendor-payment.sent': {
    ...purchase,
    bodies: ['vendorPayment', 'payment'],
    roots: ['vendorPayment', ...common],
  },
  'contact.created': aboutContact,
  'contact.changed': aboutContact,
  'vendor.created': { ...aboutContact, party: 'vendor' },
  'vendor.changed': { ...aboutContact, party: 'vendor' },
} as const satisfies Record<string, TriggerInfo>;

/** Name of a trigger. */
export type Trigger = keyof typeof triggers;

/** All trigger names, in the order of the documentation. */
export const triggerNames = Object.keys(triggers) as Trigger[];

/** Triggers that reminders are made of. */
export type ReminderTrigger = 'invoice.due-soon' | 'invoice.overdue';

/** Triggers that a record brings. */
export type RecordTrigger = Exclude<Trigger, ReminderTrigger>;

/** Whether time brings this trigger, and not a record. */
export function isReminderTrigger(trigger: Trigger): trigger is ReminderTrigger {
  return triggers[trigger].timed;
}

/** Whether records with this body can bring the trigger. */
export function readsBody(trigger: Trigger, body: BodyName): boolean {
  const bodies: readonly BodyName[] = triggers[trigger].bodies;
  return bodies.includes(body);
}
