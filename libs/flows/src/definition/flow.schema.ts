import { z } from 'zod';
import { conditionKeys, conditionSchema } from '../conditions/condition.schema.js';
import { type Trigger, triggerNames } from '../events/triggers.js';
import { parseDuration } from './durations.js';

const slug = z
  .string({ error: 'write a short name' })
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'use small letters, digits and hyphens, at most 63');
const reference = z.string({ error: 'write the id' }).regex(/^\S{1,200}$/, 'write the id without spaces');
const text = z.string({ error: 'write a text' }).min(1, 'the text is empty');
const duration = z
  .string({ error: 'write a duration, e.g. 90m, 24h, 7d or 2w' })
  .refine((value) => parseDuration(value) !== null, 'write a duration, e.g. 90m, 24h, 7d or 2w');
const uncertainPolicy = z
  .string({ error: 'write never, ask or repeat-after:<minutes>' })
  .regex(/^(never|ask|repeat-after:[1-9]\d{0,4})$/, 'write never, ask or repeat-after:<minutes>');

const staffList = z.strictObject({
  phones: z.array(text).optional(),
  emails: z.array(text).optional(),
});

const staffRecipients = z.strictObject({
  staff: z.union([text, z.array(text).min(1), staffList], {
    error: 'write the name of a list under `staff:`, or { phones: […], emails: […] }',
  }),
});

const listRecipients = z.strictObject({
  list: slug,
  otherwise: z.enum(['customer', 'vendor'], { error: 'write customer or vendor' }).optional(),
});

/** Who gets what is meant for one client or vendor. */
const listEntry = z.strictObject({
  contact: z.union([text, z.array(text).min(1)], {
    error: 'write the number, name, e-mail address, phone number or id of a contact, or "*" for all others',
  }),
  phones: z.array(text).optional(),
  emails: z.array(text).optional(),
});

const recipient = z.union([z.literal('customer'), z.literal('vendor'), staffRecipients, listRecipients], {
  error:
    'write customer, vendor, staff: with the name of a list or { phones: […], emails: […] }, or list: with a name under `lists:`',
});
const recipients = z.union([recipient, z.array(recipient).min(1)], {
  error: 'write customer, vendor, { staff: … }, { list: … }, or a list of these',
});

const channel = z.enum(['sms', 'email'], { error: 'write sms or email' });
const channels = z.union([channel, z.array(channel).min(1).max(2)], {
  error: 'write sms, email, or a list in order of preference, e.g. [sms, email]',
});

const template = z.union(
  [text, z.strictObject({ text, sms: text.optional(), subject: text.optional(), html: text.optional() })],
  { error: 'write a text, or text: with sms:, subject: and html: as needed' },
);

const sender = z.union([text, z.strictObject({ sms: text.optional(), email: text.optional() })], {
  error: 'write a sender, or { sms: …, email: … }',
});

const delivery = {
  to: recipients.optional(),
  channel: channels.optional(),
  template: template.optional(),
  sender: sender.optional(),
  uncertainPolicy: uncertainPolicy.optional(),
  notAfter: duration.optional(),
};

const days = z.number({ error: 'write a number of days' }).int('write whole days').min(0).max(365);

const choice = z.strictObject({ if: conditionSchema.optional(), ...delivery });
const escalation = z.strictObject({ from: days.optional(), if: conditionSchema.optional(), ...delivery });

const fallback = z.strictObject(delivery);

const localTime = z
  .string({ error: 'write a local time, e.g. "09:00"' })
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'write a local time, e.g. "09:00"');
const flag = z.boolean({ error: 'write true or false' });

const quietHours = z.strictObject({
  from: localTime,
  to: localTime,
  weekends: flag.optional(),
  holidays: flag.optional(),
  channels: channels.optional(),
  staff: flag.optional(),
});

const price = z
  .string({ error: 'write a price, e.g. "0.04 GBP"' })
  .regex(/^\d{1,6}(\.\d{1,6})? [A-Z]{3}$/, 'write a price, e.g. "0.04 GBP"');

const contactSync = z.strictObject({
  of: z.enum(['customers', 'vendors', 'all'], { error: 'write customers, vendors or all' }),
  if: conditionSchema.optional(),
  twoWay: flag.optional(),
});

const step = z.strictObject({
  id: slug,
  when: z.enum(triggerNames as [Trigger, ...Trigger[]], { error: `write one of ${triggerNames.join(', ')}` }),
  days: z.union([days, z.array(days).min(1).max(20)], { error: 'write days, e.g. [3, 10]' }).optional(),
  at: localTime.optional(),
  zone: z.enum(['company', 'recipient'], { error: 'write company or recipient' }).optional(),
  businessDays: flag.optional(),
  group: z.literal('debtor', { error: 'write group: debtor' }).optional(),
  catchUp: duration.optional(),
  if: conditionSchema.optional(),
  ...delivery,
  choose: z.array(choice).min(1).optional(),
  escalate: escalation.optional(),
  onFailure: fallback.optional(),
  maxAge: duration.optional(),
  urgent: flag.optional(),
});

/** A flow file as it is written; what it means is in the README. */
export const flowSchema = z.strictObject({
  apiVersion: z.literal('ledgerwire/v1', { error: 'write apiVersion: ledgerwire/v1' }),
  id: slug,
  name: text,
  description: text.optional(),
  workspace: reference,
  source: reference,
  target: reference,
  enabled: flag.optional(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'write two capital letters (ISO 3166), e.g. GB')
    .optional(),
  locale: text.optional(),
  activeFrom: z.iso.date({ error: 'write a date, e.g. 2026-11-21' }).optional(),
  uncertainPolicy: uncertainPolicy.optional(),
  notAfter: duration.optional(),
  maxAge: duration.optional(),
  holidays: z
    .array(z.iso.date({ error: 'write dates, e.g. 2026-12-25' }), { error: 'write a list of dates' })
    .max(1_000)
    .optional(),
  quietHours: quietHours.optional(),
  dailyCap: z
    .number({ error: 'write how many messages a person may get a day' })
    .int('write a whole number')
    .min(1)
    .max(100)
    .optional(),
  beyondCap: z.enum(['defer', 'skip'], { error: 'write defer or skip' }).optional(),
  smsPrice: z
    .union(
      [price, z.record(z.string().regex(/^([A-Z]{2}|\*)$/, 'write two capital letters or "*"'), price)],
      {
        error: 'write a price, e.g. "0.04 GBP", or prices by country',
      },
    )
    .optional(),
  staff: z.record(slug, staffList).optional(),
  lists: z.record(slug, z.array(listEntry).min(1).max(5_000)).optional(),
  contacts: contactSync.optional(),
  steps: z.array(step, { error: 'write a list of steps' }).max(100),
});

/** Every key that a flow file can have, for guessing what a misspelt one means. */
export const flowKeys: readonly string[] = [
  ...new Set(
    [
      flowSchema,
      step,
      choice,
      escalation,
      fallback,
      staffList,
      listRecipients,
      listEntry,
      quietHours,
      contactSync,
    ].flatMap((schema) => Object.keys(schema.shape)),
  ),
  'text',
  'sms',
  'subject',
  'html',
  ...conditionKeys,
];

/** A flow file whose shape is right. */
export type FlowSource = z.infer<typeof flowSchema>;
/** A step of it. */
export type StepSource = FlowSource['steps'][number];
/** The part of a step, branch or escalation that says what goes out to whom. */
export type DeliverySource = Pick<
  StepSource,
  'to' | 'channel' | 'template' | 'sender' | 'uncertainPolicy' | 'notAfter'
>;
/** An entry of a list of recipients by client or vendor. */
export type ListEntrySource = z.infer<typeof listEntry>;
/** A named or written-out list of colleagues. */
export type StaffSource = z.infer<typeof staffList>;
