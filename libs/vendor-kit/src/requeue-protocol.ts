import { z } from 'zod';

/**
 * How console hands a webhook that was set aside to ingress again; both sides read it from here. POST to ingress with
 * `Authorization: Bearer <INGRESS_REQUEUE_TOKEN>`. Errors: 400 not such a question, 401 wrong token, 503 log or token-broker away.
 */
export const requeuePath = '/internal/webhooks/requeue';

/** The webhook as it came, from its dead letter. The vendor's signature must still hold: the token alone forges nothing. */
export const requeueQuestion = z.object({
  vendor: z.string().min(1),
  method: z.string().min(1),
  /** As the vendor called it. */
  url: z.url(),
  headers: z.record(z.string(), z.string()),
  body: z.base64(),
  /** When it came first, epoch milliseconds: ids that hold a time must be those of then. */
  receivedAt: z.number().int(),
  /** Of the trace in which it was set aside; what comes of it is told there. */
  traceparent: z.string().nullable(),
});

/** `taken` = all of it is in the log. What is not, is left for later with the problem; nothing is set aside anew. */
export const requeueAnswer = z.object({
  taken: z.boolean(),
  /** One sentence for operators; null when it was taken. */
  problem: z.string().nullable(),
  /** The workspaces that its events belong to. */
  workspaceIds: z.array(z.string()),
});

export type RequeueQuestion = z.infer<typeof requeueQuestion>;
export type RequeueAnswer = z.infer<typeof requeueAnswer>;
