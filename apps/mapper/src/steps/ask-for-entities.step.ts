import { type AccountingRecord, type ChangeNotice, changeNoticesOf, headerNames } from '#libs/contracts';
import { digestOf } from '#libs/core';
import type { TaskContext } from '#libs/streams';

/** For whose sake it is asked: which books, and what led there. */
export type Asker = Pick<
  AccountingRecord,
  'workspaceId' | 'connectionId' | 'vendor' | 'webhookIds' | 'origin'
>;

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
export function askForEntity(asker: Asker, question: Question, context: TaskContext): void {
  const { entityType, entityId, token, round } = question;
  const { workspaceId, connectionId, vendor } = asker;
  const notice: ChangeNotice = {
    noticeId: digestOf('recheck', connectionId, entityType, entityId, token ?? '', round),
    webhookId: token === null ? (asker.webhookIds[0] ?? null) : null,
    workspaceId,
    connectionId,
    vendor,
    entityType,
    entityId,
    changeType: 'unknown',
    origin: token === null ? asker.origin : 'timer',
    recheck: true,
    recheckToken: token,
    sourceTime: null,
    receivedAt: context.now(),
  };
  const headers = { [headerNames.origin]: notice.origin, [headerNames.workspace]: workspaceId };
  context.emit(changeNoticesOf(vendor), connectionId, notice, headers);
}
