import {
  type AccountingRecord,
  type FailedMessage,
  headerNames,
  mapperStores,
  type MessageCommand,
  type ReplayOrigin,
  topics,
} from '#libs/contracts';
import { describeSize, type MessageDraft } from '#libs/flows';
import type { TaskContext } from '#libs/streams';
import type { MapperTools } from '../mapper-tools.js';
import { tellRecord } from '../trail.js';
import { contentHashOf } from './replayed-command.js';

/** How an evaluation came about. */
export interface EmitManner {
  /** The record is evaluated again because something was missing: its own commands are not reported as duplicates. */
  readonly again: boolean;
  /** Somebody asked for the state and it is as it was: that nothing is new is nothing to tell. */
  readonly quiet: boolean;
  /** Set when an operator has it mapped again. */
  readonly replay?: ReplayOrigin | undefined;
  /** Something of the same event was put off before: what left already is no duplicate to tell of. */
  readonly resumed?: boolean;
  /** Keys of the reminders that the messages are for. */
  readonly reminders?: readonly string[];
  /** Since when the event waits, if it was put off. */
  readonly since?: number | undefined;
  /** The message that they go out instead of. */
  readonly failed?: FailedMessage;
}

/** Whether a command was derived before, be it that it is still on its way through the daily cap. */
export function isDerived(commandId: string, context: TaskContext): boolean {
  return (
    context.store(mapperStores.commands).get(commandId) !== undefined ||
    context.store(mapperStores.gated).get(commandId) !== undefined
  );
}

/** What the trail says of a message besides what it is about. */
export function describe({ recipient, detail, size }: MessageDraft): MessageNote {
  const parts = [size && describeSize(size), detail].filter((part) => part !== null);
  return { recipient, detail: parts.length === 0 ? null : parts.join('; ') };
}

/** The masked address, and particulars. */
export interface MessageNote {
  readonly recipient: string;
  readonly detail: string | null;
}

/** A message leaves the mapper, once for ever. */
export function sendCommand(
  tools: MapperTools,
  record: AccountingRecord,
  command: MessageCommand,
  note: MessageNote,
  context: TaskContext,
): void {
  const { commandId, flowId, flowStep, businessEvent, channel } = command;
  context.store(mapperStores.commands).put(commandId, {
    recordId: record.recordId,
    derivedAt: context.now(),
    contentHash: contentHashOf(command),
  });
  const headers = { [headerNames.origin]: command.origin, [headerNames.workspace]: command.workspaceId };
  context.emit(topics.messages, command.connectionId, command, headers);
  tools.metrics.derived(channel, command.origin);
  const about = { commandId, flowId, flowStep, businessEvent, channel };
  tellRecord(context, record, { status: 'mapped', ...about, ...note });
}
