import type { MessageCommand } from '#libs/contracts';
import type { DueTimer, TaskContext } from '#libs/streams';
import { recipientLane } from './lanes.js';

/** Names of the sender's timers. Those of commands run in the recipient's lane, so that they never race with a send. */
export const timerNames = {
  /** Looks whether a message with a lost answer left. */
  reconcile: 'reconcile',
  /** Tells the command's lane that a report proved a send. */
  prove: 'prove',
  /** Asks for the delivery of a message whose reports stay away, and ends the command when its delivery is final. */
  checkDelivery: 'check-delivery',
  /** Sends again under the same command. */
  resend: 'resend',
  /** Tells the lane of an address what a contact of the books wants. */
  wish: 'wish',
  /** Brings a contact at the vendor up to date after a STOP or START; in the contact's lane. */
  mirrorContact: 'mirror-contact',
} as const;

/** Payloads by timer name. */
export interface TimerPayloads {
  reconcile: { readonly commandId: string; readonly tries: number };
  prove: { readonly commandId: string; readonly messageSid: string };
  'check-delivery': { readonly commandId: string; readonly round: number };
  resend: {
    readonly commandId: string;
    /** `released`: the last call was not processed. `undelivered`: the message `messageSid` did not arrive. */
    readonly cause: 'released' | 'undelivered';
    readonly messageSid: string | null;
    /** How often sending again has been tried, for the wait until the next time; 1 = first. */
    readonly tries: number;
  };
}

/** Payload of `wish`. */
export interface WishPayload {
  readonly connectionId: string;
  readonly contactKey: string;
  readonly address: string;
  readonly refuses: boolean;
}

/** Payload of `mirror-contact`. */
export interface ContactPayload {
  readonly connectionId: string;
  readonly contactKey: string;
}

/** Sets one of the command's timers (setting it again moves it). */
export function setCommandTimer<Name extends keyof TimerPayloads>(
  context: TaskContext,
  command: MessageCommand,
  name: Name,
  fireAt: number,
  payload: Omit<TimerPayloads[Name], 'commandId'>,
): void {
  context.setTimer({
    name,
    key: name === 'prove' ? `${command.commandId}/${messageSidOf(payload)}` : command.commandId,
    fireAt: Math.round(fireAt),
    lane: recipientLane(command.connectionId, command.to),
    payload: { commandId: command.commandId, ...payload },
  });
}

/** The payload that {@link setCommandTimer} gave. */
export function payloadOf<Name extends keyof TimerPayloads>(
  timer: DueTimer,
  _name: Name,
): TimerPayloads[Name] {
  return timer.payload as TimerPayloads[Name];
}

function messageSidOf(payload: object): string {
  return 'messageSid' in payload && typeof payload.messageSid === 'string' ? payload.messageSid : '';
}
