import {
  type AccountingRecord,
  type CapAnswer,
  type CapQuestion,
  type FailedMessage,
  type GatedMessage,
  mapperStores,
  type MessageCommand,
  topics,
} from '#libs/contracts';
import { digestOf } from '#libs/core';
import { companyDate, type MessageDraft, nextMorning, skipReasons } from '#libs/flows';
import type { TaskContext } from '#libs/streams';
import { debtorLane } from '../keys.js';
import type { MapperTools } from '../mapper-tools.js';
import { tellRecord } from '../trail.js';
import { holdEvent } from './hold-event.step.js';
import { deferReminder } from './schedule-reminders.step.js';
import { withoutLines } from './keep-record.step.js';
import { putOffOtherWay } from './put-off-other-way.step.js';
import { describe, type EmitManner, sendCommand } from './send-command.step.js';

/**
 * The daily cap counts over all flows and connections of a workspace. A message of a workspace with a cap waits here, and is asked
 * for where everything of its workspace is counted, which may be another task; the answer comes back into this debtor's lane.
 * Question, count and answer each go with the state that they rest on in one transaction. Returns false where no flow of the
 * workspace has a cap; then the message goes its way.
 */
export function gateMessage(
  tools: MapperTools,
  record: AccountingRecord,
  draft: MessageDraft,
  manner: EmitManner,
  context: TaskContext,
): boolean {
  const { command, contactId, changedFields, urgent } = draft;
  const { workspaceId, connectionId } = record;
  if (command.recipientKind === 'staff' || !tools.flows.hasCap(workspaceId)) return false;
  const dailyCap = tools.flows.find(command.flowId)?.flow?.dailyCap;
  const cap = urgent ? null : (dailyCap?.messages ?? null);
  const { commandId } = command;
  context.store(mapperStores.gated).put(commandId, {
    command: JSON.stringify(command),
    record: JSON.stringify(withoutLines(record)),
    contactId,
    cap,
    beyond: dailyCap?.beyond ?? 'defer',
    changedFields,
    reminders: manner.reminders ?? [],
    failed: manner.failed ? JSON.stringify(manner.failed) : null,
    since: manner.since ?? context.now(),
    ...describe(draft),
  });
  const persons = personsOf(connectionId, command.to, contactId);
  const day = dayOf(tools, record, context.now());
  const question = { commandId, workspaceId, connectionId, lane: debtorLane(record), persons, cap, day };
  context.emit(topics.capQuestions, workspaceId, question);
  return true;
}

/** Where all of a workspace is counted: lets a message through and counts it, or says that it is one too many. */
export function answerCap(question: CapQuestion, context: TaskContext): void {
  const { commandId, workspaceId, connectionId, lane, persons, cap, day } = question;
  const store = context.store(mapperStores.persons);
  const keys = persons.map((person) => `${workspaceId}/${person}/${day}`);
  const counts = keys.map((key) => store.get(key)?.messages ?? 0);
  const allowed = cap === null || Math.max(...counts) < cap;
  if (allowed)
    for (const [index, key] of keys.entries()) store.put(key, { day, messages: (counts[index] ?? 0) + 1 });
  context.emit(topics.capAnswers, connectionId, { commandId, workspaceId, connectionId, lane, allowed });
}

/** In the debtor's lane again: the message leaves, waits for the next morning, or is skipped. */
export function passGate(tools: MapperTools, answer: CapAnswer, context: TaskContext): void {
  const gated = context.store(mapperStores.gated);
  const entry = gated.get(answer.commandId);
  if (!entry) return;
  gated.delete(answer.commandId);
  const { command, record } = parse(entry);
  if (answer.allowed) sendCommand(tools, record, command, entry, context);
  else putOff(tools, { entry, command, record }, context);
}

interface Waiting {
  readonly entry: GatedMessage;
  readonly command: MessageCommand;
  readonly record: AccountingRecord;
}

/** One message too many waits for the next morning, or is skipped. */
function putOff(tools: MapperTools, { entry, command, record }: Waiting, context: TaskContext): void {
  const { commandId, flowId, flowStep, businessEvent, channel } = command;
  const about = { commandId, flowId, flowStep, businessEvent, channel, recipient: entry.recipient };
  const reason = 'daily-cap';
  tools.metrics.skipped(reason);
  const until = whenAgain(tools, record, flowId, context.now());
  const isTooLate = until !== undefined && command.notAfter !== null && until > command.notAfter;
  if (entry.beyond === 'skip' || until === undefined || isTooLate) {
    const tooLate = isTooLate ? ' The next morning is later than it may wait.' : '';
    const detail = `${skipReasons[reason]}${tooLate}`;
    tellRecord(context, record, { status: 'skipped', reason, detail, ...about });
    return;
  }
  const detail = skipReasons[reason];
  tellRecord(context, record, { status: 'deferred', reason, detail, nextTryAt: until, ...about });
  if (entry.failed !== null) {
    putOffOtherWay(JSON.parse(entry.failed) as FailedMessage, until, context);
    return;
  }
  for (const reminder of entry.reminders)
    deferReminder(tools, record, { key: reminder, until, since: entry.since }, context);
  if (entry.reminders.length > 0) return;
  const { changedFields, since } = entry;
  const event = { flowId, stepId: flowStep, businessEvent, changedFields, since, until, reason };
  holdEvent(record, event, context);
}

function whenAgain(
  tools: MapperTools,
  record: AccountingRecord,
  flowId: string,
  now: number,
): number | undefined {
  const flow = tools.flows.find(flowId)?.flow;
  const sourceConnection = tools.connections.get(record.connectionId);
  return flow && sourceConnection && nextMorning(flow, { now, sourceConnection });
}

/** A person is an address, and a contact over all its addresses; contacts have their ids by connection. */
function personsOf(connectionId: string, address: string, contactId: string | null): string[] {
  const byAddress = digestOf('address', address.toLowerCase());
  return contactId === null ? [byAddress] : [byAddress, digestOf('contact', connectionId, contactId)];
}

function dayOf(tools: MapperTools, record: AccountingRecord, now: number): string {
  return companyDate(now, tools.connections.get(record.connectionId)?.timeZone ?? 'UTC');
}

function parse(entry: GatedMessage): { readonly command: MessageCommand; readonly record: AccountingRecord } {
  return {
    // Builds of before had no spans.
    command: { quietSpans: [], ...(JSON.parse(entry.command) as Omit<MessageCommand, 'quietSpans'>) },
    record: JSON.parse(entry.record) as AccountingRecord,
  };
}
