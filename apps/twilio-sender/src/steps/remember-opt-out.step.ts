import { type MessageCommand, twilioSenderStores } from '#libs/contracts';
import type { TaskContext } from '#libs/streams';
import { optOutKey } from '../lanes.js';
import type { SenderTools } from '../sender-tools.js';
import { tellContacts } from './tell-contacts.step.js';

/** How the vendor said that a recipient wants no messages: it refused one, or could not deliver one that it had taken. */
export interface LearntRefusal {
  readonly source: 'refused-send' | 'delivery-report';
  /** The vendor's code. */
  readonly errorCode: string;
}

/** Keeps that the recipient of a command wants no messages, and has the books and the contacts hear of it. */
export function rememberOptOut(
  { metrics }: Pick<SenderTools, 'metrics'>,
  command: MessageCommand,
  context: TaskContext,
  { source, errorCode }: LearntRefusal,
): void {
  metrics.optedOut(source);
  const { connectionId, to: phone, commandId: causeId } = command;
  const cause = `error-${errorCode}`;
  const optOut = { source: cause, at: context.now(), contactKeys: [] };
  context.store(twilioSenderStores.optOuts).put(optOutKey(connectionId, phone), optOut);
  if (command.channel === 'sms')
    tellContacts({ connectionId, phone, smsAllowed: false, cause, causeId }, context);
}
