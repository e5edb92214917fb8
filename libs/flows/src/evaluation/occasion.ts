import type { AccountingRecord } from '#libs/contracts';
import type { Flow, Step } from '../definition/flow.js';
import { contactIdOf } from '../events/stages.js';
import { type Skip, type SkipReason, skipReasons } from '../events/skip-reasons.js';
import type { EntityReference, EvaluationInput } from './evaluation.js';
import { buildModel, type Model, type Subject } from './model.js';

/** One step that something happened for: all that its messages are made from. */
export interface Occasion {
  readonly flow: Flow;
  readonly step: Step;
  readonly input: EvaluationInput;
  readonly businessEvent: string;
  readonly changedFields: readonly string[];
  readonly subject: Subject;
  readonly model: Model;
}

/** An occasion, or the entities that are missing for it. */
export type OccasionResult =
  | { readonly ok: true; readonly occasion: Occasion }
  | { readonly ok: false; readonly needs: readonly EntityReference[] };

/** What the event itself adds to the data. */
export interface OccasionEvent {
  readonly businessEvent: string;
  readonly reminderDays: number | null;
  readonly changedFields: readonly string[];
  /** Everything that the debtor owes, for messages that list it. */
  readonly debts?: readonly AccountingRecord[];
}

/** Gathers the records of an occasion and builds its data. */
export function occasionOf(
  flow: Flow,
  step: Step,
  input: EvaluationInput,
  event: OccasionEvent,
): OccasionResult {
  const { record } = input;
  const needs: EntityReference[] = [];
  const settles = record.payment?.invoiceId ?? null;
  if (settles !== null && input.invoice === undefined && usesAny(step, ['invoice', 'tracking'])) {
    needs.push({ entityType: 'invoice', entityId: settles });
  }
  const invoice = record.invoice ? record : (input.invoice ?? null);
  const contactId = contactIdOf(record) ?? invoice?.invoice?.contactId ?? null;
  const known = contactOf(step, input, contactId);
  if ('needs' in known) needs.push(known.needs);
  if (needs.length > 0 || 'needs' in known) return { ok: false, needs };
  const subject: Subject = { record, invoice, ...known, debts: event.debts ?? [] };
  const model = buildModel({
    trigger: step.trigger,
    subject,
    source: input.sourceConnection,
    locale: flow.locale,
    now: input.now,
    reminderDays: event.reminderDays,
    changedFields: event.changedFields,
  });
  const { businessEvent, changedFields } = event;
  return { ok: true, occasion: { flow, step, input, businessEvent, changedFields, subject, model } };
}

function contactOf(
  step: Step,
  input: EvaluationInput,
  contactId: string | null,
): Pick<Subject, 'contact' | 'contactId'> | { readonly needs: EntityReference } {
  if (input.record.contact) return { contact: input.record.contact, contactId: input.record.entityId };
  const known = input.contact;
  if (
    known === undefined &&
    contactId !== null &&
    (reachesCustomer(step) || usesAny(step, ['contact', 'tracking']))
  ) {
    return { needs: { entityType: 'contact', entityId: contactId } };
  }
  // A merged contact lives on in another one, which has the address and the groups.
  const mergedInto = known?.contact?.mergedIntoId ?? null;
  if (mergedInto !== null && mergedInto !== known?.entityId) {
    return { needs: { entityType: 'contact', entityId: mergedInto } };
  }
  const exists = known?.deleted === false;
  return { contact: exists ? known.contact : null, contactId: exists ? known.entityId : null };
}

function reachesCustomer(step: Step): boolean {
  const { branches, escalation, fallback } = step;
  const deliveries = [...branches.map(({ delivery }) => delivery), escalation?.delivery, fallback];
  return deliveries.some((delivery) => delivery && delivery.recipients.contact !== null);
}

function usesAny(step: Step, roots: readonly string[]): boolean {
  return roots.some((root) => step.roots.has(root));
}

/** A skip of this occasion. */
export function skipOf(
  occasion: Pick<Occasion, 'flow' | 'businessEvent'> & { readonly step: Pick<Step, 'id'> },
  reason: SkipReason,
  more: { readonly detail?: string; readonly commandId?: string; readonly channel?: string | null } = {},
): Skip {
  return {
    flowId: occasion.flow.id,
    stepId: occasion.step.id,
    businessEvent: occasion.businessEvent,
    reason,
    detail: more.detail ?? skipReasons[reason],
    commandId: more.commandId ?? null,
    channel: more.channel ?? null,
  };
}
