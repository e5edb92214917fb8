import {
  type AccountingRecord,
  type ContactCommand,
  headerNames,
  mapperStores,
  topics,
} from '#libs/contracts';
import type { TaskContext } from '#libs/streams';
import { tellRecord } from '../trail.js';

/** Emits what is to change in the contacts that are kept at Twilio, each version of a contact once. */
export function emitContacts(
  record: AccountingRecord,
  contacts: readonly ContactCommand[],
  context: TaskContext,
): void {
  const commands = context.store(mapperStores.commands);
  for (const command of contacts) {
    const { commandId, flowId, flowStep, businessEvent, action } = command;
    if (commands.get(commandId)) continue;
    commands.put(commandId, { recordId: record.recordId, derivedAt: context.now(), contentHash: null });
    const headers = { [headerNames.origin]: command.origin, [headerNames.workspace]: command.workspaceId };
    context.emit(topics.contacts, command.connectionId, command, headers);
    const reason = action === 'remove' ? 'contact-removed' : 'contact-kept';
    tellRecord(context, record, { status: 'mapped', reason, commandId, flowId, flowStep, businessEvent });
  }
}
