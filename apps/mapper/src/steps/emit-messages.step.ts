import { type AccountingRecord, headerNames, mapperStores, topics } from '#libs/contracts';
import type { Evaluation } from '#libs/flows';
import type { TaskContext } from '#libs/streams';
import type { MapperTools } from '../mapper-tools.js';
import { tellRecord, tellSkip } from '../trail.js';

/** How an evaluation came about. */
export interface EmitManner {
  /** The record is evaluated again because something was missing: its own commands are not reported as duplicates. */
  readonly again: boolean;
  /** Somebody asked for the state and it is as it was: that nothing is new is nothing to tell. */
  readonly quiet: boolean;
}

/** Emits the commands of an evaluation, each id once for ever, and says why the others were not. */
export function emitMessages(
  tools: MapperTools,
  record: AccountingRecord,
  { messages, skips }: Pick<Evaluation, 'messages' | 'skips'>,
  context: TaskContext,
  { again, quiet }: EmitManner,
): void {
  const commands = context.store(mapperStores.commands);
  for (const { command, recipient, detail } of messages) {
    if (commands.get(command.commandId)) continue;
    commands.put(command.commandId, { recordId: record.recordId, derivedAt: context.now() });
    const headers = { [headerNames.origin]: command.origin, [headerNames.workspace]: command.workspaceId };
    context.emit(topics.messages, command.connectionId, command, headers);
    tools.metrics.derived(command.channel, command.origin);
    const { commandId, flowId, flowStep, businessEvent, channel } = command;
    const about = { commandId, flowId, flowStep, businessEvent, channel, recipient, detail };
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
