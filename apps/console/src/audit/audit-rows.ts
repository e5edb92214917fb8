import {
  type ChangeNotice,
  type DeadLetter,
  headerNames,
  type Outcome,
  outcomeOf,
  traceIdOf,
} from '#libs/contracts';
import type { DeadLetterRow, NewOutcome } from '#libs/persistence';
import type { InputRecord } from '#libs/streams';

/** The row of a dead letter as its index takes it. */
export type NewDeadLetter = Omit<DeadLetterRow, 'status' | 'settledAt'>;

const LONGEST_TEXT = 2_000;

/**
 * In UTF-16 units, so at most 1,800 bytes: an index of PostgreSQL refuses values of more than about 2,700 bytes, compressed ones
 * apart, and ids come from outside.
 */
const LONGEST_ID = 600;

/** Told to people and looked up by nobody. Everything else may have an index, or get one. */
const SENTENCES: ReadonlySet<string> = new Set<keyof Outcome | keyof DeadLetter>([
  'reason',
  'detail',
  'errorMessage',
]);

/**
 * An outcome as the audit trail takes it. PostgreSQL has no NUL and no half characters, a text without end would fill every page, and
 * an id without end fits no index.
 */
export function outcomeRow(outcome: Outcome): NewOutcome {
  return mapTexts(outcome);
}

/**
 * That a webhook was accepted, as the trail takes it; undefined for notices of other origin, whose askers tell of them. It has the
 * same id however often the vendor or a replay brings the notice.
 */
export function noticeRow({ value: notice, headers }: InputRecord<ChangeNotice>): NewOutcome | undefined {
  if (notice.origin !== 'webhook') return undefined;
  return outcomeRow(
    outcomeOf({
      what: notice.noticeId,
      step: 'accept',
      status: 'accepted',
      // Ingress had it in the log before it said so.
      service: 'ingress',
      at: notice.receivedAt,
      workspaceId: notice.workspaceId,
      traceId: traceIdOf(headers[headerNames.traceparent]),
      origin: notice.origin,
      vendor: notice.vendor,
      connectionId: notice.connectionId,
      entityType: notice.entityType,
      entityId: notice.entityId,
      webhookIds: notice.webhookId === null ? [] : [notice.webhookId],
      noticeIds: [notice.noticeId],
    }),
  );
}

/** The index entry of a dead letter: where its bytes lie, not the bytes, since those hold personal data. */
export function deadLetterRow(
  record: Pick<InputRecord<DeadLetter>, 'value' | 'headers' | 'partition' | 'offset'>,
): NewDeadLetter {
  const { value: letter } = record;
  const headers = new Map(letter.headers.map(({ key, value }) => [key, value.toString()]));
  return mapTexts({
    deadLetterId: letter.deadLetterId,
    logPartition: record.partition,
    logOffset: record.offset,
    workspaceId: headers.get(headerNames.workspace) ?? record.headers[headerNames.workspace] ?? null,
    traceId: traceIdOf(headers.get(headerNames.traceparent) ?? record.headers[headerNames.traceparent]),
    service: letter.service,
    originTopic: letter.originTopic,
    originPartition: letter.originPartition,
    originOffset: letter.originOffset,
    originTimestamp: letter.originTimestamp,
    key: letter.key === null ? null : textIn(letter.key),
    errorCode: letter.errorCode,
    errorMessage: letter.errorMessage,
    attempts: letter.attempts,
    at: letter.at,
  });
}

/** A key that is no text is of no use for looking anything up. */
function textIn(bytes: Buffer): string | null {
  const text = bytes.toString('utf8');
  return text.includes('\uFFFD') ? null : text;
}

function mapTexts<T extends object>(row: T): T {
  return Object.fromEntries(
    Object.entries(row).map(([key, value]) => [
      key,
      cleaned(value, SENTENCES.has(key) ? LONGEST_TEXT : LONGEST_ID),
    ]),
  ) as T;
}

function cleaned(value: unknown, longest: number): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '').slice(0, longest).toWellFormed();
  return Array.isArray(value) ? value.map((each) => cleaned(each, longest)) : value;
}
