import { mapperStores } from '#libs/contracts';
import { parseReminderKey, type ReminderReference } from '#libs/flows';
import type { TaskContext } from '#libs/streams';
import { entityKey, remindersKey } from '../keys.js';
import type { MapperTools } from '../mapper-tools.js';
import { setRecordTimer, timerNames } from '../timers.js';
import { tellRecord } from '../trail.js';
import { askForEntity } from './ask-for-entities.step.js';
import { aboutReminder } from './schedule-reminders.step.js';

/**
 * A reminder is due: what is true now counts, therefore the invoice is read again before anything is sent. The same timer
 * stays as a guard and asks again when no answer came; after the last try the reminder is given up, visibly.
 */
export function askBeforeReminder(
  tools: MapperTools,
  { key, tries }: { readonly key: string; readonly tries: number },
  context: TaskContext,
): void {
  const reference = parseReminderKey(key);
  if (!reference || !isPlanned(reference, key, context)) return;
  const { connectionId, invoiceId, flowId } = reference;
  const entities = context.store(mapperStores.entities);
  const invoice = entities.get(entityKey(connectionId, 'invoice', invoiceId));
  if (!invoice) {
    endReminder(reference, key, context);
    return;
  }
  const about = aboutReminder(tools.flows.find(flowId)?.flow, key);
  if (tries >= tools.settings.recheckTries) {
    endReminder(reference, key, context);
    tools.metrics.reminder('given-up');
    const detail = 'The invoice could not be read again before the reminder, so it was not sent';
    tellRecord(context, invoice, { status: 'skipped', reason: 'not-rechecked', detail, ...about });
    return;
  }
  const round = `${context.now()}/${tries}`;
  const contactId = invoice.invoice?.contactId;
  if (contactId && !entities.get(entityKey(connectionId, 'contact', contactId)))
    askForEntity(invoice, { entityType: 'contact', entityId: contactId, token: null, round }, context);
  askForEntity(invoice, { entityType: 'invoice', entityId: invoiceId, token: key, round }, context);
  const { baseMs, capMs } = tools.settings.recheckWait;
  const fireAt = context.now() + Math.min(baseMs * 2 ** tries, capMs);
  setRecordTimer(context, invoice, {
    name: timerNames.reminder,
    key,
    fireAt,
    payload: { key, tries: tries + 1 },
  });
  tools.metrics.reminder('asked');
  tellRecord(context, invoice, { status: 'rechecking', reason: 'reminder-due', nextTryAt: fireAt, ...about });
}

/** Whether the reminder still has to come: not answered, not cancelled. */
export function isPlanned(reference: ReminderReference, key: string, context: TaskContext): boolean {
  const { connectionId, invoiceId, flowId } = reference;
  const planned = context.store(mapperStores.reminders).get(remindersKey(connectionId, invoiceId, flowId));
  return planned?.keys.includes(key) ?? false;
}

/** The reminder will not come (again): its timer goes, and an answer that is under way finds it gone. */
export function endReminder(reference: ReminderReference, key: string, context: TaskContext): void {
  const { connectionId, invoiceId, flowId } = reference;
  const store = context.store(mapperStores.reminders);
  const storeKey = remindersKey(connectionId, invoiceId, flowId);
  const planned = store.get(storeKey);
  if (planned) {
    const { [key]: _ended, ...held } = planned.held;
    store.put(storeKey, { ...planned, keys: planned.keys.filter((other) => other !== key), held });
  }
  context.cancelTimer(timerNames.reminder, key);
}

/** Since when a reminder waits for its hour; undefined when it does not. */
export function heldSince(
  { connectionId, invoiceId, flowId }: ReminderReference,
  key: string,
  context: TaskContext,
): number | undefined {
  return context.store(mapperStores.reminders).get(remindersKey(connectionId, invoiceId, flowId))?.held[key];
}
