import { z } from 'zod';
import type { Trial } from '../trials/flow-trial.js';

const instant = z.number().int().meta({ description: 'Epoch milliseconds, UTC.' });
const text = z.string().nullable();

/** A definition and the record that it is tried on. */
export const flowTrialRequest = z.object({
  yaml: z.string().min(1).max(500_000).meta({ description: 'The definition; it need not be applied.' }),
  recordId: z
    .string()
    .min(1)
    .max(200)
    .meta({ description: 'Id of the record, or any id on its way, e.g. an invoice number.' }),
});

/** What would be sent to whom and why, and why not. */
export const flowTrialSchema = z.object({
  record: z.object({
    recordId: z.string(),
    connectionId: z.string(),
    entityType: z.string(),
    entityId: z.string(),
    entityNumber: text,
    fetchedAt: instant,
  }),
  related: z
    .array(z.object({ entityType: z.string(), entityId: z.string(), found: z.boolean() }))
    .meta({ description: 'Entities that it took besides; what is not found counts as not existing.' }),
  messages: z.array(
    z.object({
      stepId: z.string(),
      businessEvent: z.string(),
      at: instant,
      because: z.enum(['now', 'quiet-hours', 'reminder']).meta({ description: 'Why it would go out then.' }),
      recipientKind: z.string(),
      recipient: z.string().meta({ description: 'Masked.' }),
      channel: z.string(),
      subject: text,
      body: z.string(),
      size: z
        .object({
          encoding: z.string(),
          units: z.number().int(),
          segments: z.number().int(),
          cost: z.object({ amount: z.string(), currency: z.string() }).nullable(),
        })
        .nullable(),
      detail: text,
    }),
  ),
  silences: z.array(z.object({ stepId: text, businessEvent: text, reason: z.string(), detail: z.string() })),
  contactChanges: z.number().int().meta({ description: 'Contacts at Twilio that would be changed.' }),
  warnings: z.array(z.string()),
});

/** {@link flowTrialSchema} as the API gives it. */
export type FlowTrialView = z.output<typeof flowTrialSchema>;

/** A trial as operators see it: without full addresses and without the vendor's raw record. */
export function flowTrialView({ record, related, preview, warnings }: Trial): FlowTrialView {
  const { recordId, connectionId, entityType, entityId, entityNumber, fetchedAt } = record;
  return {
    record: { recordId, connectionId, entityType, entityId, entityNumber, fetchedAt },
    related: [...related],
    messages: preview.messages.map(({ to: _personal, sender: _sender, html: _html, ...shown }) => shown),
    silences: [...preview.silences],
    contactChanges: preview.contacts.length,
    warnings: [...warnings],
  };
}
