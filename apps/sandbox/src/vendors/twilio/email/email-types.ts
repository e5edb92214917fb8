import { z } from 'zod';

/** The statuses of an e-mail that the double uses. */
export type EmailStatus =
  'SCHEDULED' | 'QUEUED' | 'SENT' | 'DELIVERED' | 'OPENED' | 'UNDELIVERED' | 'FAILED' | 'CANCELED';

const MAX_RECIPIENTS = 10_000;
const MAX_TAGS = 10;
const address = z.object({ address: z.email(), name: z.string().optional() });
const tags = z
  .record(z.string().min(1).max(128), z.string().max(256))
  .refine((pairs) => Object.keys(pairs).length <= MAX_TAGS, `at most ${String(MAX_TAGS)} tags`);

/** The body of `POST /v1/Emails` (twilio.com/docs/email/api/reference/mail-send-resource): html is required, text is not. */
export const emailOrderSchema = z.object({
  from: address,
  to: z
    .array(address.extend({ variables: z.record(z.string(), z.unknown()).optional() }))
    .min(1)
    .max(MAX_RECIPIENTS),
  content: z.object({
    subject: z.string().min(1),
    html: z.string().min(1),
    text: z.string().optional(),
  }),
  tags: tags.optional(),
  schedule: z.object({ sendAt: z.iso.datetime() }).partial().optional(),
  ipPoolName: z.string().optional(),
});

/** See {@link emailOrderSchema}. */
export type EmailOrder = z.output<typeof emailOrderSchema>;

/** One e-mail to one recipient. */
export interface Email {
  readonly id: string;
  readonly operationId: string;
  readonly from: { readonly address: string; readonly name?: string | undefined };
  readonly to: { readonly address: string; readonly name?: string | undefined };
  readonly content: EmailOrder['content'];
  readonly tags: Readonly<Record<string, string>>;
  status: EmailStatus;
  readonly scheduledFor: number | null;
  readonly createdAt: number;
  updatedAt: number;
  deletedAt: number | null;
}

/** The work of one send request. */
export interface EmailOperation {
  readonly id: string;
  readonly emails: readonly Email[];
  readonly createdAt: number;
}

/**
 * What becomes of e-mails to an address, by its domain; the domains are reserved for examples and tests (RFC 2606, RFC
 * 6761). Every other address gets its e-mail.
 */
export function emailOutcome(to: string): EmailStatus {
  const domain = to.slice(to.lastIndexOf('@') + 1).toLowerCase();
  if (domain === 'bounce.test') return 'UNDELIVERED';
  if (domain === 'failed.test') return 'FAILED';
  return domain === 'opened.test' ? 'OPENED' : 'DELIVERED';
}

/** The e-mail as the API shows it. */
export function emailView(email: Email): Record<string, unknown> {
  return {
    id: email.id,
    from: email.from,
    to: [email.to],
    status: email.status,
    related: [{ name: 'operationId', value: email.operationId }],
    tags: email.tags,
    scheduledFor: email.scheduledFor === null ? null : iso(email.scheduledFor),
    createdAt: iso(email.createdAt),
    updatedAt: iso(email.updatedAt),
    deletedAt: email.deletedAt === null ? null : iso(email.deletedAt),
    content: { ...email.content, attachments: [] },
  };
}

const COUNTED: readonly EmailStatus[] = [
  'QUEUED',
  'SENT',
  'SCHEDULED',
  'DELIVERED',
  'OPENED',
  'UNDELIVERED',
  'FAILED',
  'CANCELED',
];

/** The operation as the API shows it, with the figures of this moment. */
export function operationView(operation: EmailOperation): Record<string, unknown> {
  const { emails } = operation;
  const counts = COUNTED.map((status) => [
    status.toLowerCase(),
    emails.filter((email) => email.status === status).length,
  ]);
  const isWaiting = emails.some(({ status }) => status === 'QUEUED');
  const isScheduled = emails.every(({ status }) => status === 'SCHEDULED');
  return {
    id: operation.id,
    status: isScheduled ? 'SCHEDULED' : isWaiting ? 'PROCESSING' : 'COMPLETED',
    stats: { total: emails.length, recipients: emails.length, ...Object.fromEntries(counts) },
    createdAt: iso(operation.createdAt),
    updatedAt: iso(Math.max(...emails.map(({ updatedAt }) => updatedAt))),
  };
}

function iso(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}
