import { type AccountingRecord, type ChangeNotice, changeNoticesOf, headerNames } from '#libs/contracts';
import { digestOf } from '#libs/core';
import type { TaskContext } from '#libs/streams';

/** What is asked of the fetcher. */
export interface Question {
  readonly entityType: string;
  readonly entityId: string;
  /** Comes back on the record that answers. */
  readonly token: string | null;
  /** Makes the question another one than the same question before. */
  readonly round: string;
}

/**
 * Asks the fetcher of the record's vendor for the current state of an entity, changed or not. The answer is a record in the
 * same partition.
 */
export function askForEntity(record: AccountingRecord, question: Question, context: TaskContext): void {
  const { entityType, entityId, token, round } = question;
  const { workspaceId, connectionId, vendor } = record;
  const notice: ChangeNotice = {
    noticeId: digestOf('recheck', connectionId, entityType, entityId, token ?? '', round),
    webhookId: token === null ? (record.webhookIds[0] ?? null) : null,
    workspaceId,
    connectionId,
    vendor,
    entityType,
    entityId,
    changeType: 'unknown',
    origin: token === null ? record.origin : 'timer',
    recheck: true,
    recheckToken: token,
    sourceTime: null,
    receivedAt: context.now(),
  };
  const headers = { [headerNames.origin]: notice.origin, [headerNames.workspace]: workspaceId };
  context.emit(changeNoticesOf(vendor), connectionId, notice, headers);
}
