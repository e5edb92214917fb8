import { type DeadLetter, headerNames, type Outcome, traceIdOf } from '#libs/contracts';
import type { DeadLetterRow, NewOutcome } from '#libs/persistence';
import type { InputRecord } from '#libs/streams';

/** The row of a dead letter as its index takes it. */
export type NewDeadLetter = Omit<DeadLetterRow, 'status' | 'settledAt'>;

const LONGEST_TEXT = 2_000;

/** An outcome as the audit trail takes it. PostgreSQL has no NUL and no half characters, and a text without end would fill every page. */
export function outcomeRow(outcome: Outcome): NewOutcome {
  return mapTexts(outcome);
}

/** The index entry of a dead letter: where its bytes lie, not the bytes, since those hold personal data. */
export function deadLetterRow(record: InputRecord<DeadLetter>): NewDeadLetter {
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
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [key, cleaned(value)])) as T;
}

function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '').slice(0, LONGEST_TEXT).toWellFormed();
  return Array.isArray(value) ? value.map(cleaned) : value;
}
