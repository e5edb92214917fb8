import type { CommandState, Connection, MessageCommand } from '#libs/contracts';
import { LedgerwireError } from '#libs/core';
import type { TaskContext } from '#libs/streams';
import type { Channel, MessageState } from '#libs/vendor-kit';
import { CommandLedger } from '../command-states.js';
import type { SenderTools } from '../sender-tools.js';
import { graceMs } from './attempt-send.step.js';

/** What a look at the vendor's list showed. */
export type Finding =
  | { readonly kind: 'found'; readonly messageSid: string }
  /** Not there, and the vendor has had the time it needs. */
  | { readonly kind: 'absent' }
  /** Not there yet: shows nothing before `until`. */
  | { readonly kind: 'early'; readonly until: number }
  /** The list could not be read. */
  | { readonly kind: 'unknown'; readonly errorCode: string };

/** Our clock and the vendor's may differ, and the vendor's times have whole seconds. */
const CLOCK_TOLERANCE_MS = 5_000;

/**
 * Looks for the message of a command whose answer was lost. A message that the vendor lists with our command id proves it;
 * else the vendor's own comparison of text, sender and recipient is a heuristic: two equal texts to one person within the
 * span cannot be told apart, therefore messages that another command has already are left out.
 */
export async function findSentMessage(
  tools: SenderTools,
  doubt: { readonly command: MessageCommand; readonly connection: Connection; readonly state: CommandState },
  context: TaskContext,
): Promise<Finding> {
  const { command, connection, state } = doubt;
  const listed = await readList(tools, connection, {
    channel: command.channel as Channel,
    to: command.to,
    createdAfter: state.intendedAt - CLOCK_TOLERANCE_MS,
    commandId: command.commandId,
  });
  if ('errorCode' in listed) return { kind: 'unknown', errorCode: listed.errorCode };
  const messageSid = pickMessage(tools, command, connection, unclaimed(listed, context));
  if (messageSid !== undefined) return { kind: 'found', messageSid };
  const until = state.intendedAt + graceMs(tools);
  return context.now() < until ? { kind: 'early', until } : { kind: 'absent' };
}

function unclaimed(listed: readonly MessageState[], context: TaskContext): readonly MessageState[] {
  const ledger = new CommandLedger(context);
  return listed.filter((message) => message.direction === 'outbound' && !ledger.knows(message.messageSid));
}

/** The message that carries our id, else the oldest one that looks the same (the list is newest first). */
function pickMessage(
  { messaging }: SenderTools,
  command: MessageCommand,
  connection: Connection,
  candidates: readonly MessageState[],
): string | undefined {
  const tagged = candidates.find(({ commandId }) => commandId === command.commandId);
  const alike = candidates.filter(
    (message) => message.commandId === null && messaging.isSameMessage(command, message, connection),
  );
  return (tagged ?? alike.at(-1))?.messageSid;
}

async function readList(
  tools: SenderTools,
  connection: Connection,
  filter: Parameters<SenderTools['messaging']['list']>[1],
): Promise<readonly MessageState[] | { readonly errorCode: string }> {
  try {
    return await tools.messaging.list(tools.callFor(connection), filter);
  } catch (error) {
    if (error instanceof LedgerwireError && error.disposition !== 'halt') return { errorCode: error.code };
    throw error;
  }
}
