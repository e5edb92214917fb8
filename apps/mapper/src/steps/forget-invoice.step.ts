import { mapperStores } from '#libs/contracts';
import type { TaskContext } from '#libs/streams';
import { remindersKey } from '../keys.js';
import type { MapperTools } from '../mapper-tools.js';
import { isClosed } from './keep-record.step.js';

/** Drops what is kept of an invoice that has been closed for long. */
export function forgetInvoice(tools: MapperTools, key: string, context: TaskContext): void {
  const entities = context.store(mapperStores.entities);
  const record = entities.get(key);
  if (!record || !isClosed(record)) return;
  entities.delete(key);
  const reminders = context.store(mapperStores.reminders);
  for (const { flowId } of tools.flows.flowsOf(record.workspaceId, record.connectionId)) {
    const planned = remindersKey(record.connectionId, record.entityId, flowId);
    if (reminders.get(planned)) reminders.delete(planned);
  }
}
