import {
  type AccountingRecord,
  type DerivedCommand,
  forcedCommand,
  headerNames,
  mapperStores,
  type MessageCommand,
  type ReplayOrigin,
  topics,
} from '#libs/contracts';
import type { Evaluation } from '#libs/flows';
import type { TaskContext } from '#libs/streams';
import type { MapperTools } from '../mapper-tools.js';
import { tellRecord, tellSkip } from '../trail.js';
import { contentHashOf, verdictOnDerived } from './replayed-command.js';

/** How an evaluation came about. */
export interface EmitManner {
  /** The record is evaluated again because something was missing: its own commands are not reported as duplicates. */
  readonly again: boolean;
  /** Somebody asked for the state and it is as it was: that nothing is new is nothing to tell. */
  readonly quiet: boolean;
  /** Set when an operator has it mapped again. */
  readonly replay?: ReplayOrigin | undefined;
}

/** Emits the commands of an evaluation, each id once for ever, and says why the others were not. */
export function emitMessages(
  tools: MapperTools,
  record: AccountingRecord,
  { messages, skips }: Pick<Evaluation, 'messages' | 'skips'>,
  context: TaskContext,
  { again, quiet, replay }: EmitManner,
): void {
  const commands = context.store(mapperStores.commands);
  for (const message of messages) {
    const { recipient } = message;
    const forced = replay?.mode === 'forced';
    const command = forced ? forcedCommand(message.command, replay) : message.command;
    const detail = forced
      ? `Sent again on an operator's demand (replay ${replay.replayId}).`
      : message.detail;
    const { commandId, flowId, flowStep, businessEvent, channel } = command;
    const about = { commandId, flowId, flowStep, businessEvent, channel, recipient, detail };
    const derived = commands.get(commandId);
    if (derived) {
      if (replay?.mode === 'dry-run') tellDerived(record, command, derived, about, context);
      continue;
    }
    commands.put(commandId, {
      recordId: record.recordId,
      derivedAt: context.now(),
      contentHash: contentHashOf(command),
    });
    const headers = { [headerNames.origin]: command.origin, [headerNames.workspace]: command.workspaceId };
    context.emit(topics.messages, command.connectionId, command, headers);
    tools.metrics.derived(command.channel, command.origin);
    tellRecord(context, record, { status: 'mapped', ...about });
  }
  for (const skip of skips) {
    const first = skip.commandId === null ? undefined : commands.get(skip.commandId);
    if (again && skip.reason === 'duplicate' && first?.recordId === record.recordId) continue;
    if (quiet && skip.reason === 'nothing-new') continue;
    tools.metrics.skipped(skip.reason);
    const detail = first ? `It was derived before, from record ${first.recordId}.` : skip.detail;
    tellSkip(context, record, { ...skip, detail: skip.reason === 'duplicate' ? detail : skip.detail });
  }
}

/** What a dry run says of a command that was derived before. */
function tellDerived(
  record: AccountingRecord,
  command: MessageCommand,
  derived: DerivedCommand,
  about: Pick<MessageCommand, 'commandId' | 'flowId' | 'flowStep' | 'businessEvent' | 'channel'>,
  context: TaskContext,
): void {
  const different = verdictOnDerived(derived, command) === 'different';
  tellRecord(context, record, {
    ...about,
    status: different ? 'different' : 'duplicate',
    reason: 'duplicate-of',
    detail: different
      ? 'It was derived before, with another text or sender; only a forced replay would send it.'
      : `It was derived before, from record ${derived.recordId}.`,
  });
}
