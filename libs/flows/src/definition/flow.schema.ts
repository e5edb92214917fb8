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

const recipient = z.union([z.literal('customer'), z.literal('vendor'), staffRecipients], {
  error: 'write customer, vendor, or staff: with the name of a list or { phones: […], emails: […] }',
});
const recipients = z.union([recipient, z.array(recipient).min(1)], {
  error: 'write customer, vendor, { staff: … }, or a list of these',
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

const step = z.strictObject({
  id: slug,
  when: z.enum(triggerNames as [Trigger, ...Trigger[]], { error: `write one of ${triggerNames.join(', ')}` }),
  days: z.union([days, z.array(days).min(1).max(20)], { error: 'write days, e.g. [3, 10]' }).optional(),
  at: z
    .string({ error: 'write a local time, e.g. "09:00"' })
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'write a local time, e.g. "09:00"')
    .optional(),
  businessDays: z.boolean({ error: 'write true or false' }).optional(),
  catchUp: duration.optional(),
  if: conditionSchema.optional(),
  ...delivery,
  choose: z.array(choice).min(1).optional(),
  escalate: escalation.optional(),
  maxAge: duration.optional(),
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
  enabled: z.boolean({ error: 'write true or false' }).optional(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'write two capital letters (ISO 3166), e.g. GB')
    .optional(),
  locale: text.optional(),
  activeFrom: z.iso.date({ error: 'write a date, e.g. 2026-11-21' }).optional(),
  uncertainPolicy: uncertainPolicy.optional(),
  notAfter: duration.optional(),
  maxAge: duration.optional(),
  staff: z.record(slug, staffList).optional(),
  steps: z.array(step, { error: 'write a list of steps' }).min(1, 'a flow needs at least one step').max(100),
});

/** Every key that a flow file can have, for guessing what a misspelt one means. */
export const flowKeys: readonly string[] = [
  ...new Set(
    [flowSchema, step, choice, escalation, staffList].flatMap((schema) => Object.keys(schema.shape)),
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
/** A named or written-out list of colleagues. */
export type StaffSource = z.infer<typeof staffList>;
