import type { Connection, MessageCommand } from '#libs/contracts';
import type { LedgerwireError } from '#libs/core';
import type { TaskContext } from '#libs/streams';
import type { SendReceipt, VendorCall } from '#libs/vendor-kit';
import { CommandLedger } from '../command-states.js';
import type { SenderTools } from '../sender-tools.js';
import { setCommandTimer, timerNames } from '../timers.js';
import { tellCommand } from '../trail.js';
import type { AttemptOutcome } from '../twilio-sender.metrics.js';
import { escalate } from './escalate.step.js';
import { judgeFailure } from './judge-failure.step.js';
import { rememberOptOut } from './remember-opt-out.step.js';

/** `released` = certainly not processed, to be tried again; `done` = sent, refused, opted out or uncertain, all recorded. */
export type AttemptEnd =
  { readonly kind: 'done' } | { readonly kind: 'released'; readonly error: LedgerwireError };

/** One attempt: who sends what. */
export interface Attempt {
  readonly command: MessageCommand;
  readonly connection: Connection;
}

/**
 * Intent → commit → call → outcome (DESIGN section 6). Whatever happens after the commit, the next one to meet this command
 * finds the intent and reconciles it instead of calling again.
 */
export async function attemptSend(
  tools: SenderTools,
  attempt: Attempt,
  context: TaskContext,
): Promise<AttemptEnd> {
  const { command, connection } = attempt;
  const call = inTime(tools.callFor(connection), context.now() + tools.messaging.settleMs / 2);
  new CommandLedger(context).intend(command);
  // Also the safety net: whatever ends this process, the timer finds the intent.
  setCommandTimer(context, command, timerNames.checkDelivery, firstCheckAt(tools, context), { round: 0 });
  await context.commit();

  let receipt: SendReceipt;
  try {
    receipt = await tools.messaging.send(call, command, {
      statusCallbackUrl: tools.statusCallbackUrl(command),
    });
  } catch (error) {
    return await recordFailure(tools, attempt, context, error);
  }
  recordSent(tools, command, context, { messageSid: receipt.messageSid, reason: null });
  noteAttempt(tools, command, 'sent', null);
  return { kind: 'done' };
}

/**
 * A process that was stopped after its intent, and wakes when another has long reconciled the command, must not send any more:
 * half of the time after which absence counts as shown is all that a call gets to begin.
 */
function inTime(call: VendorCall, notAfter: number): VendorCall {
  return {
    connection: call.connection,
    baseUrls: call.baseUrls,
    request: (request) => call.request({ ...request, notAfter }),
  };
}

/** The vendor has the message: by its own answer, or because a callback or its list shows it (`reason`). */
export function recordSent(
  tools: SenderTools,
  command: MessageCommand,
  context: TaskContext,
  found: { readonly messageSid: string; readonly reason: string | null },
): void {
  const ledger = new CommandLedger(context);
  const intendedAt = ledger.get(command.commandId)?.intendedAt ?? 0;
  ledger.send(command, found.messageSid);
  // Again: the one that came with the intent may have fired while it was still in doubt whether there is a message at all.
  if (context.now() - intendedAt > firstCheckMs(tools) / 2)
    setCommandTimer(context, command, timerNames.checkDelivery, firstCheckAt(tools, context), { round: 0 });
  tellCommand(context, command, {
    step: 'send',
    status: 'sent',
    reason: found.reason,
    detail: found.reason === null ? sizeOf(tools, command) : null,
    messageSid: found.messageSid,
    attempt: ledger.get(command.commandId)?.attempts ?? 1,
    what: found.messageSid,
  });
}

/** The message may have left: remembers that, says so and plans the first look. */
export function recordDoubt(
  tools: SenderTools,
  command: MessageCommand,
  context: TaskContext,
  doubt: {
    readonly cause: 'lost-answer' | 'interrupted';
    readonly errorCode: string | null;
    readonly lookAt: number;
  },
): void {
  const state = new CommandLedger(context).doubt(command);
  setCommandTimer(context, command, timerNames.reconcile, doubt.lookAt, { tries: 0 });
  tools.metrics.becameUncertain(doubt.cause);
  tellCommand(context, command, {
    step: 'send',
    status: 'uncertain',
    reason: doubt.cause,
    detail: 'It is not known whether the message left; it is looked for before anything is sent again',
    errorCode: doubt.errorCode,
    attempt: state.attempts,
    nextTryAt: doubt.lookAt,
  });
}

async function recordFailure(
  tools: SenderTools,
  { command }: Attempt,
  context: TaskContext,
  error: unknown,
): Promise<AttemptEnd> {
  const { messaging, settings, random } = tools;
  const ledger = new CommandLedger(context);
  const verdict = judgeFailure(error, {
    messaging,
    refusals: ledger.get(command.commandId)?.refusals ?? 0,
    configurationWaitMs: settings.configurationWaitMs,
    random,
  });
  if (verdict.kind === 'release') {
    noteAttempt(tools, command, 'released', verdict.error.code);
    ledger.release(command, verdict.bounded);
    // Committed before the work is parked: a parked handler's writes are dropped, and an intent left behind would be reconciled.
    await context.commit();
    return { kind: 'released', error: verdict.error };
  }
  if (verdict.kind === 'doubt') {
    noteAttempt(tools, command, 'uncertain', verdict.errorCode);
    const lookAt = context.now() + firstLookMs(tools);
    recordDoubt(tools, command, context, { cause: 'lost-answer', errorCode: verdict.errorCode, lookAt });
    return { kind: 'done' };
  }
  context.cancelTimer(timerNames.checkDelivery, command.commandId);
  const { detail, errorCode } = verdict;
  if (verdict.kind === 'opted-out') {
    noteAttempt(tools, command, 'opted-out', errorCode);
    rememberOptOut(tools, command, context, { source: 'refused-send', errorCode });
    ledger.end(command, 'skipped');
    tellCommand(context, command, {
      step: 'send',
      status: 'skipped',
      reason: 'opted-out',
      detail,
      errorCode,
    });
    escalate(tools, command, context, { reason: 'opted-out', onlyStaff: true });
    return { kind: 'done' };
  }
  noteAttempt(tools, command, 'refused', errorCode);
  ledger.end(command, 'refused');
  tellCommand(context, command, {
    step: 'send',
    status: 'failed',
    reason: verdict.reason,
    detail,
    errorCode,
  });
  escalate(tools, command, context, { reason: verdict.reason });
  return { kind: 'done' };
}

/** What is billed; about how much that is stands where the message was made, since prices are the flow's. */
function sizeOf({ messaging }: SenderTools, { channel, body }: MessageCommand): string | null {
  if (channel !== 'sms') return null;
  const { segments, encoding } = messaging.segmentsOf(body);
  return `${String(segments)} ${segments === 1 ? 'segment' : 'segments'} (${encoding})`;
}

/** One line and one count per call to the vendor, whatever came of it. */
function noteAttempt(
  { metrics, logger }: SenderTools,
  { commandId, connectionId, flowId, channel }: MessageCommand,
  outcome: AttemptOutcome,
  errorCode: string | null,
): void {
  metrics.attempted(channel, outcome);
  const line = { event: 'message.attempted', commandId, connectionId, flowId, channel, outcome, errorCode };
  if (outcome === 'sent') logger.debug(line);
  else logger.info(line);
}

function firstCheckAt(tools: SenderTools, context: TaskContext): number {
  return context.now() + firstCheckMs(tools);
}

function firstCheckMs({ settings }: SenderTools): number {
  return settings.deliveryChecksMs[0] ?? 0;
}

/** The first look is early: a message that is found then is settled then, only absence needs the whole grace. */
function firstLookMs(tools: SenderTools): number {
  return Math.min(10_000, graceMs(tools));
}

/** How long after a call its absence from the vendor's list shows nothing. */
export function graceMs({ settings, messaging }: SenderTools): number {
  return settings.reconcileGraceMs ?? messaging.settleMs;
}
