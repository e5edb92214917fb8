import { z } from 'zod';

/** What the operator API takes and gives, for validation and for its OpenAPI document. Times are epoch milliseconds, UTC. */
const instant = z.number().int().meta({ description: 'Epoch milliseconds, UTC.' });
const text = z.string().nullable();
const tone = z.enum(['good', 'neutral', 'waiting', 'stopped', 'bad']);

/** One thing that happened. */
export const traceStepSchema = z.object({
  outcomeId: z.string(),
  at: instant,
  sinceStartMs: z.number().int(),
  step: z.string().meta({ examples: ['accept', 'fetch', 'map', 'send', 'deliver'] }),
  status: z.string(),
  tone,
  reason: text,
  sentence: z
    .string()
    .meta({ description: 'What happened, for people; no personal data beyond masked addresses.' }),
  service: z.string(),
  nextTryAt: instant.nullable(),
  messageSid: text,
});

const group = { startedAt: instant, endedAt: instant, steps: z.array(traceStepSchema) };

/** The whole way of one event. */
export const traceSchema = z.object({
  id: z.string(),
  startedAt: instant,
  endedAt: instant,
  durationMs: z.number().int(),
  vendor: text,
  connectionId: text,
  entityType: text,
  entityId: text,
  entityNumber: text,
  workspaceIds: z.array(z.string()),
  webhookIds: z.array(z.string()),
  traceIds: z.array(z.string()),
  notices: z.array(
    z.object({ noticeId: z.string(), entityType: text, webhookIds: z.array(z.string()), ...group }),
  ),
  records: z.array(
    z.object({
      recordId: z.string(),
      entityType: text,
      entityNumber: text,
      noticeIds: z.array(z.string()),
      ...group,
    }),
  ),
  commands: z.array(
    z.object({
      commandId: z.string(),
      recordId: text,
      flowId: text,
      flowStep: text,
      businessEvent: text,
      channel: text,
      recipient: text,
      messageSid: text,
      result: z.enum(['delivered', 'sent', 'in-progress', 'waiting', 'not-sent', 'failed']),
      ...group,
    }),
  ),
  notSent: z.array(
    z.object({
      at: instant,
      flowId: text,
      flowStep: text,
      businessEvent: text,
      commandId: text,
      status: z.string(),
      reason: z.string(),
      sentence: z.string(),
    }),
  ),
  steps: z.array(traceStepSchema),
});

/** One line of the audit trail. */
export const outcomeSchema = z.object({
  outcomeId: z.string(),
  at: instant,
  workspaceId: z.string(),
  step: z.string(),
  status: z.string(),
  tone,
  reason: text,
  sentence: z.string(),
  service: z.string(),
  origin: text,
  vendor: text,
  connectionId: text,
  entityType: text,
  entityId: text,
  entityNumber: text,
  webhookIds: z.array(z.string()),
  noticeIds: z.array(z.string()),
  recordId: text,
  commandId: text,
  messageSid: text,
  flowId: text,
  flowStep: text,
  businessEvent: text,
  channel: text,
  recipient: text,
  errorCode: text,
  nextTryAt: instant.nullable(),
  traceId: text,
  position: z.number().int().meta({ description: 'Order of arrival; the id of live events.' }),
});

/** A line of the audit trail as the API gives it. */
export type OutcomeView = z.output<typeof outcomeSchema>;

const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(least).max(most));

const word = z.string().min(1).max(200).optional();

/** How a trace is narrowed. */
export const traceQuery = z.object({
  workspaceId: word.meta({ description: 'Only of this workspace: invoice numbers are the same in many.' }),
});

/** {@link traceQuery} as parsed. */
export type TraceQuery = z.output<typeof traceQuery>;

/** How the feed is narrowed and paged. */
export const outcomesQuery = z.object({
  workspaceId: word,
  connectionId: word,
  vendor: word,
  flowId: word,
  step: word,
  status: word,
  entityType: word,
  from: wholeNumber(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({ description: 'Inclusive; epoch milliseconds.' }),
  to: wholeNumber(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({ description: 'Exclusive; epoch milliseconds.' }),
  cursor: z
    .string()
    .regex(/^\d{1,15}-\d{1,15}$/, 'must be the nextCursor of the page before')
    .optional(),
  limit: wholeNumber(1, 500).optional().meta({ description: '1 to 500; 100 when not given.' }),
});

/** {@link outcomesQuery} as parsed. */
export type OutcomesQuery = z.output<typeof outcomesQuery>;

/** A page of the feed, newest first. */
export const outcomesPage = z.object({
  outcomes: z.array(outcomeSchema),
  nextCursor: text.meta({ description: 'Ask with it for the next page; null at the end.' }),
});

/** How the list of dead letters is narrowed. */
export const deadLettersQuery = z.object({
  status: z.enum(['open', 'requeued', 'discarded']).optional(),
  workspaceId: word,
  service: word,
  originTopic: word,
  errorCode: word,
  key: word,
  limit: wholeNumber(1, 500).optional(),
});

/** Records that were set aside, newest first, without their bytes. */
export const deadLettersSchema = z.object({
  deadLetters: z.array(
    z.object({
      deadLetterId: z.string(),
      status: z.string(),
      at: instant,
      service: z.string(),
      workspaceId: text,
      traceId: text,
      originTopic: z.string(),
      originPartition: z.number().int(),
      originOffset: z.number().int(),
      originTimestamp: instant,
      key: text,
      errorCode: z.string(),
      errorMessage: z.string(),
      attempts: z.number().int(),
      logPartition: z.number().int(),
      logOffset: z.number().int(),
      settledAt: instant.nullable(),
    }),
  ),
});

/** One version of a flow. */
export const flowSchema = z.object({
  flowId: z.string(),
  version: z.number().int(),
  workspaceId: z.string(),
  enabled: z.boolean(),
  sourceConnectionId: z.string(),
  targetConnectionId: z.string(),
  yaml: z.string(),
  appliedBy: text,
  appliedAt: instant,
});

/** What a new version is made of. */
export const flowChange = z.object({
  yaml: z.string().min(1).max(500_000).meta({ description: 'The definition; see docs of libs/flows.' }),
  enabled: z
    .boolean()
    .default(true)
    .meta({ description: 'False switches the flow off, whatever the definition says.' }),
});

/** {@link flowChange} as parsed. */
export type FlowChange = z.output<typeof flowChange>;

/** The answer to an applied flow. */
export const flowApplied = z.object({
  flow: flowSchema,
  published: z.boolean().meta({
    description: 'False: stored, and on its way to the services as soon as the log is there again.',
  }),
  warnings: z.array(z.string()),
});

/** What is wrong with a definition. */
export const flowProblems = z.object({
  message: z.string(),
  problems: z.array(
    z.object({ path: z.string(), line: z.number().int(), column: z.number().int(), message: z.string() }),
  ),
});

/** Connections, without secrets. */
export const connectionsSchema = z.object({
  connections: z.array(
    z.object({
      connectionId: z.string(),
      workspaceId: z.string(),
      vendor: z.string(),
      accountId: z.string(),
      displayName: z.string(),
      status: z.string(),
      timeZone: z.string(),
      country: text,
      currency: text,
      updatedAt: instant,
      refreshFailing: z
        .object({ since: instant, detail: text })
        .nullable()
        .meta({ description: 'Set while its token cannot be refreshed.' }),
    }),
  ),
});

/** The last hour in numbers, and how the services are. */
export const summarySchema = z.object({
  since: instant,
  counts: z.array(z.object({ step: z.string(), status: z.string(), count: z.number().int() })),
  services: z.array(
    z.object({
      name: z.string(),
      state: z.enum(['up', 'down', 'unreachable']),
      /** Parts that are down. */
      failing: z.array(z.string()),
      limits: z.record(z.string(), z.string()).meta({
        description: 'What connections have used of their vendor’s limits, by connection id.',
      }),
    }),
  ),
});
