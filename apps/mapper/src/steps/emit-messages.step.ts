import { type AccountingRecord, forcedCommand, mapperStores, type MessageCommand } from '#libs/contracts';
import type { Evaluation, MessageDraft } from '#libs/flows';
import type { TaskContext } from '#libs/streams';
import type { MapperTools } from '../mapper-tools.js';
import { tellRecord, tellSkip } from '../trail.js';
import { gateMessage } from './gate-message.step.js';
import { verdictOnDerived } from './replayed-command.js';
import { describe, type EmitManner, isDerived, type MessageNote, sendCommand } from './send-command.step.js';

/** Emits the commands of an evaluation, each id once for ever, and says why the others were not. */
export function emitMessages(
  tools: MapperTools,
  record: AccountingRecord,
  { messages, skips }: Pick<Evaluation, 'messages' | 'skips'>,
  context: TaskContext,
  manner: EmitManner,
): void {
  const { again, quiet, resumed = false } = manner;
  const commands = context.store(mapperStores.commands);
  for (const draft of messages) emitMessage(tools, record, draft, context, manner);
  const told = skips.slice(0, MAX_REASONS);
  if (told.length < skips.length) tellRest(record, skips.length - told.length, context);
  for (const skip of told) {
    const first = skip.commandId === null ? undefined : commands.get(skip.commandId);
    const isRepeat = skip.reason === 'duplicate' && (resumed || first?.recordId === record.recordId);
    if ((again || resumed) && isRepeat) continue;
    if (quiet && skip.reason === 'nothing-new') continue;
    tools.metrics.skipped(skip.reason);
    const detail = first ? `It was derived before, from record ${first.recordId}.` : skip.detail;
    tellSkip(context, record, { ...skip, detail: skip.reason === 'duplicate' ? detail : skip.detail });
  }
}

/** So many reasons of one flow and record stand in the trail; a flow of a hundred steps would drown what matters. */
const MAX_REASONS = 40;

function tellRest(record: AccountingRecord, count: number, context: TaskContext): void {
  const detail = `${count} more reasons of the flow's steps were left out; the flow's preview shows all.`;
  tellRecord(context, record, { status: 'skipped', reason: 'more-reasons', detail });
}

function emitMessage(
  tools: MapperTools,
  record: AccountingRecord,
  draft: MessageDraft,
  context: TaskContext,
  manner: EmitManner,
): void {
  const { replay } = manner;
  const note = describe(draft);
  if (replay?.mode === 'forced') {
    const detail = `Sent again on an operator's demand (replay ${replay.replayId}).`;
    const command = forcedCommand(draft.command, replay);
    if (!isDerived(command.commandId, context))
      sendCommand(tools, record, command, { ...note, detail }, context);
    return;
  }
  if (isDerived(draft.command.commandId, context)) {
    if (replay?.mode === 'dry-run') tellDerived(record, draft.command, note, context);
    return;
  }
  if (replay?.mode === 'dry-run' || !gateMessage(tools, record, draft, manner, context))
    sendCommand(tools, record, draft.command, note, context);
}

/** What a dry run says of a command that was derived before. */
function tellDerived(
  record: AccountingRecord,
  command: MessageCommand,
  { recipient }: MessageNote,
  context: TaskContext,
): void {
  const { commandId, flowId, flowStep, businessEvent, channel } = command;
  const derived = context.store(mapperStores.commands).get(commandId);
  const different = derived !== undefined && verdictOnDerived(derived, command) === 'different';
  tellRecord(context, record, {
    commandId,
    flowId,
    flowStep,
    businessEvent,
    channel,
    recipient,
    status: different ? 'different' : 'duplicate',
    reason: 'duplicate-of',
    detail: different
      ? 'It was derived before, with another text or sender; only a forced replay would send it.'
      : `It was derived before, from record ${derived?.recordId ?? 'the same'}.`,
  });
}
