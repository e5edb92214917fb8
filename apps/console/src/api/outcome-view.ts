import type { OutcomeCursor, OutcomeRow } from '#libs/persistence';
import { sentenceOf, toneOf } from '../traces/sentences.js';
import type { OutcomeView } from './api.schema.js';

/** An outcome as the API and the live feed give it. */
export function outcomeView(row: OutcomeRow): OutcomeView {
  const { detail: _told, ...rest } = row;
  return { ...rest, tone: toneOf(row), sentence: sentenceOf(row) };
}

/** The id by which the whole path of an outcome is found best: the most particular one it has. */
export function traceKeyOf(
  outcome: Pick<
    OutcomeRow,
    'commandId' | 'recordId' | 'messageSid' | 'noticeIds' | 'webhookIds' | 'entityId' | 'outcomeId'
  >,
): string | null {
  return (
    outcome.commandId ??
    outcome.recordId ??
    outcome.messageSid ??
    outcome.noticeIds[0] ??
    outcome.webhookIds[0] ??
    outcome.entityId
  );
}

/** Reads a cursor that {@link cursorText} wrote. */
export function parseCursor(text: string): OutcomeCursor {
  const [at, position] = text.split('-');
  return { at: Number(at), position: Number(position) };
}

/** Where the page after this row begins. */
export function cursorText(row: Pick<OutcomeRow, 'at' | 'position'>): string {
  return `${row.at}-${row.position}`;
}
