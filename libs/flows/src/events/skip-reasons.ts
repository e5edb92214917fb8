/**
 * Why a message was not sent or a reminder not kept: a closed list, as it stands in outcomes. The value says it to
 * people, without personal data.
 */
export const skipReasons = {
  'not-issued': 'The invoice is a draft or awaits approval, so nobody is told of it yet.',
  'is-a-bill': "The document is a supplier's bill or a payment that the company made, not the customer's.",
  'is-not-a-bill': "The document is the customer's and not a supplier's.",
  'is-not-a-vendor': 'The contact is no supplier.',
  'nothing-new': 'The record changed in nothing that this flow announces.',
  'stale-record': 'A newer state of this record was handled already.',
  'flow-disabled': 'The flow is switched off.',
  'flow-changed': 'The flow no longer has this step or this number of days.',
  'condition-not-met': 'The conditions of the step exclude it.',
  duplicate: 'This message was derived before and is not sent twice.',
  'too-late': 'It happened too long ago to be announced now.',
  'no-due-date': 'The invoice has no due date, so it cannot be overdue.',
  rescheduled: 'The due date moved, so the reminder comes later.',
  'paid-meanwhile': 'The invoice is paid or credited in full.',
  'voided-meanwhile': 'The invoice was voided or deleted.',
  'no-contact': 'The record names no contact, or the contact no longer exists.',
  'contact-archived': 'The contact is archived.',
  'contact-erased': "The contact's personal data was erased on request.",
  'changed-meanwhile': 'The document is no longer in the state that was to be announced.',
  'sms-not-wanted': 'The books say that the contact wants no text messages.',
  'email-not-wanted': 'The books say that the contact wants no e-mails.',
  'not-on-list': 'The contact is not on the list of recipients.',
  'quiet-hours': 'It is quiet time for the recipient.',
  'daily-cap': 'The recipient has had as many messages today as the flow allows.',
  'no-phone-number': 'The contact has no phone number.',
  'invalid-phone-number': 'No phone number of the contact is a valid number.',
  'landline-only': 'The contact has only numbers that cannot receive text messages.',
  'no-email-address': 'The contact has no e-mail address.',
  'invalid-email-address': "The contact's e-mail address is not a valid address.",
  'no-staff-address': 'The staff list has no address for any channel of the step.',
  'template-error': 'The template could not be rendered for this record.',
} as const;

/** One of {@link skipReasons}. */
export type SkipReason = keyof typeof skipReasons;

/** One thing that was not sent, for the trail: no personal data but masked addresses. */
export interface Skip {
  readonly flowId: string;
  /** Null when the whole flow passed the record over. */
  readonly stepId: string | null;
  /** Null when nothing happened that would have been announced. */
  readonly businessEvent: string | null;
  readonly reason: SkipReason;
  /** One sentence with the particulars; from the flow's text and the closed list, never from the data. */
  readonly detail: string;
  /** The command that was not made, where it is known which. */
  readonly commandId: string | null;
  readonly channel: string | null;
}
