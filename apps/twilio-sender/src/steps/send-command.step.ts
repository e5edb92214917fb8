import type { MessageCommand } from '#libs/contracts';
import { fullJitterBackoff, LedgerwireError } from '#libs/core';
import type { TaskContext } from '#libs/streams';
import { CommandLedger } from '../command-states.js';
import type { SenderTools } from '../sender-tools.js';
import { setCommandTimer, timerNames } from '../timers.js';
import { tellCommand } from '../trail.js';
import { attemptSend } from './attempt-send.step.js';
import { escalate } from './escalate.step.js';
import { findObstacle, type Obstacle } from './find-obstacle.step.js';

/** `waits` = nothing was sent and it is worth trying again, as `error` says. */
export type SendEnd = { readonly kind: 'done' } | { readonly kind: 'waits'; readonly error: LedgerwireError };

/** Reads again what must be so now, then sends, unless a message of the command has arrived by now. */
export async function sendCommand(
  tools: SenderTools,
  command: MessageCommand,
  context: TaskContext,
): Promise<SendEnd> {
  const arrived = new CommandLedger(context).get(command.commandId)?.deliveryStatus ?? null;
  if (arrived !== null) {
    new CommandLedger(context).end(command, 'final', arrived);
    return { kind: 'done' };
  }
  const connection = tools.connections.get(command.connectionId);
  const obstacle = findObstacle({ command, connection, context });
  if (obstacle?.kind === 'skip') {
    skipCommand(command, context, obstacle);
    if (obstacle.reason === 'opted-out')
      escalate(tools, command, context, { reason: obstacle.reason, onlyStaff: true });
    return { kind: 'done' };
  }
  if (obstacle || !connection) return { kind: 'waits', error: waitError(tools, obstacle, context.now()) };
  const end = await attemptSend(tools, { command, connection }, context);
  return end.kind === 'released' ? { kind: 'waits', error: end.error } : end;
}

/** The same for work that no input record stands for: what would park a record sets a timer instead. `tries`: 1 = first. */
export async function sendCommandLater(
  tools: SenderTools,
  command: MessageCommand,
  tries: number,
  context: TaskContext,
): Promise<void> {
  const end = await sendCommand(tools, command, context);
  if (end.kind === 'done') return;
  const backoff = { baseMs: 2_000, capMs: 10 * 60_000 };
  const waitMs = end.error.retryAfterMs ?? fullJitterBackoff(backoff, tries, tools.random);
  const nextTryAt = context.now() + Math.max(waitMs, 1_000);
  new CommandLedger(context).release(command);
  setCommandTimer(context, command, timerNames.resend, nextTryAt, {
    cause: 'released',
    messageSid: null,
    tries: tries + 1,
  });
  tellCommand(context, command, {
    step: 'send',
    status: 'parked',
    reason: end.error.code,
    detail: end.error.message,
    attempt: tries,
    nextTryAt: Math.round(nextTryAt),
  });
}

function skipCommand(
  command: MessageCommand,
  context: TaskContext,
  obstacle: { readonly reason: string; readonly detail: string },
): void {
  new CommandLedger(context).end(command, 'skipped');
  const { reason, detail } = obstacle;
  tellCommand(context, command, { step: 'send', status: 'skipped', reason, detail });
}

function waitError(
  { settings }: SenderTools,
  obstacle: Extract<Obstacle, { kind: 'wait' }> | undefined,
  now: number,
): LedgerwireError {
  return new LedgerwireError(obstacle?.detail ?? 'The messaging connection is not known (yet)', {
    code: obstacle?.reason ?? 'unknown-connection',
    disposition: 'park',
    retryAfterMs: obstacle?.until === undefined ? settings.configurationWaitMs : obstacle.until - now,
  });
}
