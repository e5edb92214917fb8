import { type Communication, outcomeOf, topics, twilioSenderStores } from '#libs/contracts';
import { maskPhone } from '#libs/core';
import type { TaskContext } from '#libs/streams';
import { optOutKey } from '../lanes.js';
import type { SenderTools } from '../sender-tools.js';
import { currentTraceId } from '../trace.js';
import { tellContacts } from './tell-contacts.step.js';

/** Keeps STOP and START of recipients, as the vendor keeps them too; other messages and calls change nothing here. */
export function applyCommunication(
  { metrics }: Pick<SenderTools, 'metrics'>,
  communication: Communication,
  context: TaskContext,
): void {
  if (communication.direction !== 'inbound') return;
  const { connectionId, from: phone, communicationId: causeId } = communication;
  const optOuts = context.store(twilioSenderStores.optOuts);
  const key = optOutKey(connectionId, phone);
  const optedOut = optOuts.get(key) !== undefined;
  if (communication.optOutType === 'STOP' && !optedOut) {
    optOuts.put(key, { source: 'stop-message', at: communication.receivedAt, contactKeys: [] });
    metrics.optedOut('stop-message');
    tellOptOut(communication, context, 'opted-out');
    tellContacts({ connectionId, phone, smsAllowed: false, cause: 'stop-message', causeId }, context);
  }
  if (communication.optOutType === 'START' && optedOut) {
    optOuts.delete(key);
    tellOptOut(communication, context, 'opted-in');
    tellContacts({ connectionId, phone, smsAllowed: true, cause: 'start-message', causeId }, context);
  }
}

function tellOptOut(
  communication: Communication,
  context: TaskContext,
  status: 'opted-out' | 'opted-in',
): void {
  context.emit(
    topics.outcomes,
    communication.workspaceId,
    outcomeOf({
      workspaceId: communication.workspaceId,
      step: 'send',
      status,
      service: context.service,
      at: context.now(),
      what: communication.communicationId,
      traceId: currentTraceId(),
      connectionId: communication.connectionId,
      messageSid: communication.sid,
      channel: 'sms',
      recipient: maskPhone(communication.from),
    }),
  );
}
