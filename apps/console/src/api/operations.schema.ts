import { z } from 'zod';

const instant = z.number().int().meta({ description: 'Epoch milliseconds, UTC.' });
const word = z.string().min(1).max(300);
const reason = z
  .string()
  .min(3)
  .max(500)
  .meta({ description: 'Why, for the trail; no personal data. At least 3 characters.' });
const wholeNumber = z.number().int().min(0);

/** How the list of parked work is narrowed. */
export const parkedQuery = z.object({
  service: word.optional(),
  connectionId: word.optional(),
  reason: word.optional(),
  limit: z
    .string()
    .regex(/^\d{1,4}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(1).max(5_000))
    .optional(),
});

/** Work that waits for its time, in the order of its next try, without its bytes. */
export const parkedSchema = z.object({
  total: z.number().int(),
  parked: z.array(
    z.object({
      service: z.string(),
      partition: z.number().int(),
      parkedKey: z.string(),
      connectionId: z.string().nullable(),
      topic: z.string(),
      offset: z.number().int(),
      lane: z.string(),
      reason: z.string(),
      attempts: z.number().int(),
      firstParkedAt: instant,
      nextTryAt: instant,
    }),
  ),
});

/** What is asked of parked work. */
export const parkedChange = z.object({
  service: word,
  action: z.enum(['retry-now', 'give-up']),
  connectionId: word.optional(),
  parkedReason: word.optional(),
  parkedKeys: z.array(z.string().min(1).max(1_000)).min(1).max(1_000).optional(),
  reason,
});

/** A request was written; tasks do it in a moment. */
export const parkedAccepted = z.object({ requestId: z.string() });

/** Which dead letters to bring again: by id, or by filter. */
export const requeueChange = z
  .object({
    deadLetterIds: z.array(word).min(1).max(500).optional(),
    filter: z
      .object({
        workspaceId: word.optional(),
        service: word.optional(),
        originTopic: word.optional(),
        errorCode: word.optional(),
        key: word.optional(),
      })
      .optional(),
    limit: z.number().int().min(1).max(1_000).default(1_000),
    reason,
  })
  .refine(({ deadLetterIds, filter }) => (deadLetterIds === undefined) !== (filter === undefined), {
    message: 'give either deadLetterIds or filter; an empty filter means all that are open',
  });

/** What became of them. */
export const requeueReport = z.object({
  requeued: z.number().int(),
  left: z.array(z.object({ deadLetterId: z.string(), problem: z.string() })),
});

/** What a replay is asked for by. */
export const replayChange = z.object({
  topic: word.meta({ examples: ['records', 'messages', 'change-notices.xero'] }),
  mode: z.enum(['normal', 'dry-run', 'forced']).default('dry-run'),
  from: instant.optional(),
  to: instant.optional().meta({ description: 'Exclusive; now when not given.' }),
  offsets: z
    .array(z.object({ partition: wholeNumber, from: wholeNumber, to: wholeNumber }))
    .min(1)
    .max(1_000)
    .optional(),
  filter: z
    .object({
      connectionId: word.optional(),
      entityType: word.optional(),
      entityId: word.optional(),
      commandId: word.optional().meta({ description: 'Of messages alone: this one command.' }),
    })
    .default({}),
  reason,
});

/** A replay and how far it is. */
export const replaySchema = z.object({
  replayId: z.string(),
  topic: z.string(),
  mode: z.string(),
  reason: z.string(),
  filter: z.record(z.string(), z.string()),
  spans: z.array(z.object({ partition: wholeNumber, from: wholeNumber, to: wholeNumber, next: wholeNumber })),
  status: z.enum(['running', 'done', 'cancelled', 'failed']),
  progress: z.number().min(0).max(1).meta({ description: 'Share of the span that is read.' }),
  read: wholeNumber,
  replayed: wholeNumber,
  unanswered: wholeNumber.meta({
    description:
      'Of a dry run over notices, which asks no vendor: entities without a record in the log. Of the others the newest record is tried.',
  }),
  problem: z
    .string()
    .nullable()
    .meta({ description: 'Why it failed; while it runs, why its next step has failed so far.' }),
  attempts: wholeNumber.meta({
    description: 'How often in a row its next step has failed; 0 while all goes well.',
  }),
  nextTryAt: instant.nullable().meta({ description: 'When that step is tried again.' }),
  createdAt: instant,
  endedAt: instant.nullable(),
});

/** A replay with what came of it. */
export const replayReport = replaySchema.extend({
  outcomes: z.array(z.object({ status: z.string(), count: wholeNumber })).meta({
    description: 'For a dry run: what would have been done, by kind. It grows while services work.',
  }),
});

/** {@link replayReport} as the API gives it. */
export type ReplayReport = z.output<typeof replayReport>;
