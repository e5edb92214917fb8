import {
  type AccountingRecord,
  type FailedMessage,
  type GatedMessage,
  mapperStores,
  type MessageCommand,
} from '#libs/contracts';
import { digestOf } from '#libs/core';
import { companyDate, type MessageDraft, nextMorning, skipReasons } from '#libs/flows';
import type { TaskContext } from '#libs/streams';
import { gateLane } from '../keys.js';
import type { MapperTools } from '../mapper-tools.js';
import { setRecordTimer, timerNames } from '../timers.js';
import { tellRecord } from '../trail.js';
import { holdEvent } from './hold-event.step.js';
import { deferReminder } from './schedule-reminders.step.js';
import { withoutLines } from './keep-record.step.js';
import { putOffOtherWay } from './put-off-other-way.step.js';
import { describe, type EmitManner, sendCommand } from './send-command.step.js';

/**
 * The daily cap counts over all flows and debtors of a connection, therefore its messages pass through one lane: two contacts
 * with one number are one person. Returns false where no flow of the connection has a cap; then the message goes its way.
 */
export function gateMessage(
  tools: MapperTools,
  record: AccountingRecord,
  draft: MessageDraft,
  manner: EmitManner,
  context: TaskContext,
): boolean {
  const { command, contactId, changedFields, urgent } = draft;
  const flows = tools.flows.flowsOf(record.workspaceId, record.connectionId);
  if (command.recipientKind === 'staff' || !flows.some(({ flow }) => flow?.dailyCap)) return false;
  const cap = flows.find(({ flowId }) => flowId === command.flowId)?.flow?.dailyCap;
  const key = command.commandId;
  context.store(mapperStores.gated).put(key, {
    command: JSON.stringify(command),
    record: JSON.stringify(withoutLines(record)),
    contactId,
    cap: urgent ? null : (cap?.messages ?? null),
    beyond: cap?.beyond ?? 'defer',
    changedFields,
    reminders: manner.reminders ?? [],
    failed: manner.failed ? JSON.stringify(manner.failed) : null,
    since: manner.since ?? context.now(),
    ...describe(draft),
  });
  context.setTimer({
    name: timerNames.gate,
    key,
    fireAt: context.now(),
    lane: gateLane(record.connectionId),
    payload: { key },
  });
  return true;
}

/** In the lane of the connection's cap: lets a message through and counts it, or turns it back. */
export function passGate(tools: MapperTools, key: string, context: TaskContext): void {
  const gated = context.store(mapperStores.gated);
  const entry = gated.get(key);
  if (!entry) return;
  const { command, record } = parse(entry);
  const persons = personsOf(record.connectionId, command.to, entry.contactId);
  const store = context.store(mapperStores.persons);
  const day = dayOf(tools, record, context.now());
  const counts = persons.map((person) => {
    const had = store.get(person);
    return had?.day === day ? had.messages : 0;
  });
  if (entry.cap !== null && Math.max(...counts) >= entry.cap) {
    // The debtor's lane owns what waits; it takes the message back.
    setRecordTimer(context, record, {
      name: timerNames.turnedBack,
      key,
      fireAt: context.now(),
      payload: { key },
    });
    return;
  }
  persons.forEach((person, index) => store.put(person, { day, messages: (counts[index] ?? 0) + 1 }));
  gated.delete(key);
  sendCommand(tools, record, command, entry, context);
}

/** In the debtor's lane: one message too many waits for the next morning, or is skipped. */
export function takeBack(tools: MapperTools, key: string, context: TaskContext): void {
  const gated = context.store(mapperStores.gated);
  const entry = gated.get(key);
  if (!entry) return;
  gated.delete(key);
  const { command, record } = parse(entry);
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

/** A person is an address, and a contact over all its addresses. */
function personsOf(connectionId: string, address: string, contactId: string | null): string[] {
  const keys = [['address', address.toLowerCase()], ...(contactId === null ? [] : [['contact', contactId]])];
  return keys.map((parts) => `${connectionId}/${digestOf(...parts)}`);
}

function dayOf(tools: MapperTools, record: AccountingRecord, now: number): string {
  return companyDate(now, tools.connections.get(record.connectionId)?.timeZone ?? 'UTC');
}

function parse(entry: GatedMessage): { readonly command: MessageCommand; readonly record: AccountingRecord } {
  return {
    command: JSON.parse(entry.command) as MessageCommand,
    record: JSON.parse(entry.record) as AccountingRecord,
  };
}
