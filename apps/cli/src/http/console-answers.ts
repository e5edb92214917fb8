import { z } from 'zod';

/*
 * What this program reads of the console's answers; everything else in them is kept for `--json`. The whole of it is
 * documented at /docs of the console.
 */

const text = z.string().nullable();

const traceStep = z.looseObject({
  at: z.number(),
  sinceStartMs: z.number(),
  step: z.string(),
  status: z.string(),
  sentence: z.string(),
  service: z.string(),
  nextTryAt: z.number().nullable(),
});

/** `GET /api/traces/:id`. */
export const traceAnswer = z.looseObject({
  id: z.string(),
  startedAt: z.number(),
  durationMs: z.number(),
  vendor: text,
  connectionId: text,
  entityType: text,
  entityId: text,
  entityNumber: text,
  workspaceIds: z.array(z.string()).default([]),
  records: z.array(z.looseObject({ recordId: z.string() })),
  commands: z.array(
    z.looseObject({
      commandId: z.string(),
      flowId: text,
      flowStep: text,
      businessEvent: text,
      channel: text,
      recipient: text,
      messageSid: text,
      result: z.string(),
      startedAt: z.number(),
      endedAt: z.number(),
    }),
  ),
  notSent: z.array(
    z.looseObject({
      at: z.number(),
      flowId: text,
      flowStep: text,
      status: z.string(),
      reason: z.string(),
      sentence: z.string(),
    }),
  ),
  steps: z.array(traceStep),
});
export type TraceAnswer = z.output<typeof traceAnswer>;

/** The data of an event of `GET /api/events`. */
export const outcomeAnswer = z.looseObject({
  at: z.number(),
  step: z.string(),
  status: z.string(),
  sentence: z.string(),
  service: z.string(),
  vendor: text,
  connectionId: text,
  entityType: text,
  entityNumber: text,
  flowId: text,
  recipient: text,
});
export type OutcomeAnswer = z.output<typeof outcomeAnswer>;

const connection = z.looseObject({
  connectionId: z.string(),
  workspaceId: z.string(),
  vendor: z.string(),
  accountId: z.string(),
  displayName: z.string(),
  status: z.string(),
  updatedAt: z.number(),
  refreshFailing: z.looseObject({ since: z.number(), detail: text }).nullish(),
});
export type ConnectionAnswer = z.output<typeof connection>;

/** `GET /api/connections`, and `GET /connections` of token-broker. */
export const connectionsAnswer = z.looseObject({ connections: z.array(connection) });

const flow = z.looseObject({
  flowId: z.string(),
  version: z.number(),
  workspaceId: z.string(),
  enabled: z.boolean(),
  sourceConnectionId: z.string(),
  targetConnectionId: z.string(),
  yaml: z.string(),
  appliedBy: text,
  appliedAt: z.number(),
});
export type FlowAnswer = z.output<typeof flow>;

/** `GET /api/flows/:id`. */
export const flowAnswer = flow;
/** `GET /api/flows`. */
export const flowsAnswer = z.looseObject({ flows: z.array(flow) });
/** `GET /api/flows/:id/versions`. */
export const versionsAnswer = z.looseObject({ versions: z.array(flow) });
/** `PUT /api/flows/:id`. */
export const appliedAnswer = z.looseObject({ flow, published: z.boolean(), warnings: z.array(z.string()) });

/** The body of a 422 for a definition with problems. */
export const flowProblemsAnswer = z.looseObject({
  problems: z.array(
    z.looseObject({ path: z.string(), line: z.number(), column: z.number(), message: z.string() }),
  ),
});

/** `POST /api/flows/test`. */
export const flowTestAnswer = z.looseObject({
  record: z.looseObject({
    recordId: z.string(),
    connectionId: z.string(),
    entityType: z.string(),
    entityId: z.string(),
    entityNumber: text,
    fetchedAt: z.number(),
  }),
  related: z.array(z.looseObject({ entityType: z.string(), entityId: z.string(), found: z.boolean() })),
  messages: z.array(
    z.looseObject({
      stepId: z.string(),
      businessEvent: z.string(),
      at: z.number(),
      because: z.string(),
      recipientKind: z.string(),
      recipient: z.string(),
      channel: z.string(),
      subject: text,
      body: z.string(),
      size: z
        .looseObject({
          segments: z.number(),
          cost: z.looseObject({ amount: z.string(), currency: z.string() }).nullable(),
        })
        .nullable(),
      detail: text,
    }),
  ),
  silences: z.array(
    z.looseObject({ stepId: text, businessEvent: text, reason: z.string(), detail: z.string() }),
  ),
  contactChanges: z.number(),
  warnings: z.array(z.string()),
});
export type FlowTestAnswer = z.output<typeof flowTestAnswer>;

/** `GET /api/parked`. */
export const parkedAnswer = z.looseObject({
  total: z.number(),
  parked: z.array(
    z.looseObject({
      service: z.string(),
      parkedKey: z.string(),
      connectionId: text,
      topic: z.string(),
      reason: z.string(),
      attempts: z.number(),
      firstParkedAt: z.number(),
      nextTryAt: z.number(),
    }),
  ),
});

/** `POST /api/parked`. */
export const parkedAccepted = z.looseObject({ requestId: z.string() });

/** `GET /api/dead-letters`. */
export const deadLettersAnswer = z.looseObject({
  deadLetters: z.array(
    z.looseObject({
      deadLetterId: z.string(),
      status: z.string(),
      at: z.number(),
      service: z.string(),
      originTopic: z.string(),
      errorCode: z.string(),
      errorMessage: z.string(),
      attempts: z.number(),
    }),
  ),
});
/** `POST /api/dead-letters/requeue`. */
export const requeueAnswer = z.looseObject({
  requeued: z.number(),
  left: z.array(z.looseObject({ deadLetterId: z.string(), problem: z.string() })),
});

const replay = z.looseObject({
  replayId: z.string(),
  topic: z.string(),
  mode: z.string(),
  reason: z.string(),
  filter: z.record(z.string(), z.string()),
  status: z.enum(['running', 'done', 'cancelled', 'failed']),
  progress: z.number(),
  read: z.number(),
  replayed: z.number(),
  unanswered: z.number().default(0),
  problem: text,
  attempts: z.number().default(0),
  nextTryAt: z.number().nullable().default(null),
  createdAt: z.number(),
  endedAt: z.number().nullable(),
});
/** `POST /api/replays`. */
export const replayAnswer = replay;
/** `GET /api/replays`. */
export const replaysAnswer = z.looseObject({ replays: z.array(replay) });
/** `GET /api/replays/:id`. */
export const replayReportAnswer = replay.extend({
  outcomes: z.array(z.looseObject({ status: z.string(), count: z.number() })),
});
export type ReplayReportAnswer = z.output<typeof replayReportAnswer>;

/** `GET /api/summary`. */
export const summaryAnswer = z.looseObject({
  since: z.number(),
  counts: z.array(z.looseObject({ step: z.string(), status: z.string(), count: z.number() })),
  services: z.array(z.looseObject({ name: z.string(), state: z.string(), failing: z.array(z.string()) })),
});
