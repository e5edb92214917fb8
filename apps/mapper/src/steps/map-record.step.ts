import type { AccountingRecord, ReplayOrigin } from '#libs/contracts';
import type { TaskContext } from '#libs/streams';
import type { MapperTools } from '../mapper-tools.js';
import { tellRecord } from '../trail.js';
import { awaitRelated, isOutdated, stopWaiting, type WaitingWork } from './await-related.step.js';
import { evaluateRecord } from './evaluate-record.step.js';

/** A record to be mapped; `tries` counts how often it was evaluated before without everything it needs. */
export interface MapWork extends Omit<WaitingWork, 'key'> {
  /** Set when the record waits already. */
  readonly key: string | undefined;
  /** Set when an operator has it mapped again. */
  readonly replay?: ReplayOrigin | undefined;
  /** Something has come that may be what it waits for; if it was not, the record goes on waiting as before. */
  readonly woken: boolean;
}

/** Evaluates a record by all flows, and lets it wait when something is missing, a bounded number of times. */
export async function mapRecord(tools: MapperTools, work: MapWork, context: TaskContext): Promise<void> {
  const { record, previous, tries, key, woken, replay } = work;
  const sourceConnection = tools.connections.get(record.connectionId);
  if (!sourceConnection || sourceConnection.status === 'disconnected') {
    const reason = sourceConnection ? 'disconnected' : 'unknown-connection';
    tellRecord(context, record, { status: 'skipped', reason });
    if (key) stopWaiting(key, context);
    return;
  }
  const giveUp = !woken && tries >= tools.settings.relatedWaitsMs.length;
  const manner = {
    again: tries > 0,
    replay,
    quiet: record.recheck && previous?.contentHash === record.contentHash,
  };
  const needs = await evaluateRecord(tools, { record, previous, sourceConnection, giveUp, manner }, context);
  if (needs.length === 0 || giveUp) {
    if (key) stopWaiting(key, context);
  } else if (!woken) awaitRelated(tools, { record, previous, tries }, needs, context);
}

/** Maps a record that has waited, unless a newer state of it made that pointless. */
export async function mapWaiting(
  tools: MapperTools,
  waiting: WaitingWork,
  woken: boolean,
  context: TaskContext,
): Promise<void> {
  if (isOutdated(waiting, context)) stopWaiting(waiting.key, context);
  else await mapRecord(tools, { ...waiting, woken }, context);
}

/** What a new state is compared with: the state that was evaluated last, which a waiting record still remembers. */
export function baselineOf(
  waiting: WaitingWork | undefined,
  previous: AccountingRecord | null,
): AccountingRecord | null {
  return waiting ? waiting.previous : previous;
}
