import { type AccountingRecord, type Outcome, outcomeOf, topics } from '#libs/contracts';
import { digestOf } from '#libs/core';
import type { Skip } from '#libs/flows';
import type { OutcomeSubject, TaskContext } from '#libs/streams';
import { currentTraceId } from './trace.js';

/** What the trail says about a record at the mapper. */
export type RecordVerdict = Pick<Outcome, 'status'> & Partial<Omit<Outcome, 'outcomeId' | 'step'>>;

/** What an outcome about a record refers to. */
export function aboutRecord(record: AccountingRecord): OutcomeSubject {
  const { workspaceId, origin, vendor, connectionId, entityType, entityId } = record;
  const { webhookIds, noticeIds, recordId } = record;
  return {
    workspaceId,
    origin,
    vendor,
    connectionId,
    entityType,
    entityId,
    // What people call a contact is its name.
    entityNumber: record.contact ? null : record.entityNumber,
    webhookIds,
    noticeIds,
    recordId,
    step: 'map',
  };
}

/** Writes an outcome about a record, or about what was derived from it. */
export function tellRecord(context: TaskContext, record: AccountingRecord, verdict: RecordVerdict): void {
  const { flowId, flowStep, businessEvent, commandId, nextTryAt } = verdict;
  context.emit(
    topics.outcomes,
    record.workspaceId,
    outcomeOf({
      ...aboutRecord(record),
      ...verdict,
      step: 'map',
      service: context.service,
      at: context.now(),
      traceId: currentTraceId(),
      // A command is derived once; why it was not may be told of each record that would have led to it.
      what:
        verdict.status === 'mapped' && commandId
          ? commandId
          : subjectOf(record, [flowId, flowStep, businessEvent, commandId, nextTryAt]),
    }),
  );
}

/** The record is named by its version too: an entity that returns to a former state has the former record id. */
function subjectOf(
  { recordId, version }: AccountingRecord,
  parts: readonly (string | number | null | undefined)[],
): string {
  return digestOf(recordId, String(version), ...parts.map((part) => String(part ?? '')));
}

/** Why something was not sent. A template's fault is a failure that somebody must see to, not a decision. */
export function tellSkip(context: TaskContext, record: AccountingRecord, skip: Skip): void {
  const duplicate = skip.reason === 'duplicate';
  tellRecord(context, record, {
    status: duplicate ? 'duplicate' : skip.reason === 'template-error' ? 'failed' : 'skipped',
    reason: duplicate ? 'duplicate-of' : skip.reason,
    detail: skip.detail,
    flowId: skip.flowId,
    flowStep: skip.stepId,
    businessEvent: skip.businessEvent,
    commandId: skip.commandId,
    channel: skip.channel,
  });
}
