import { uuidV5 } from '#libs/core';
import type { MessageCommand } from './generated/types.js';
import type { ReplayOrigin } from './headers.js';

/**
 * The command of a forced replay: the same message under an id of its own, made of the former id and the replay, so that the
 * same replay forces it once, however often it is delivered. It may be sent whatever the age of what it says.
 */
export function forcedCommand(command: MessageCommand, { replayId }: ReplayOrigin): MessageCommand {
  return {
    ...command,
    commandId: uuidV5(command.commandId, [replayId]),
    resendOf: command.resendOf ?? command.commandId,
    notAfter: null,
    quietSpans: [],
    origin: 'replay',
  };
}
