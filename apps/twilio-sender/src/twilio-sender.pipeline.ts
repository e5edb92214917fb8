import { Inject } from '@nestjs/common';
import {
  type Communication,
  type ContactCommand,
  type DeliveryReport,
  forcedCommand,
  type MessageCommand,
  replayOf,
  topics,
  twilioSenderStores,
} from '#libs/contracts';
import {
  Consume,
  type DueTimer,
  type InputRecord,
  OnTimer,
  rehearse,
  StreamPipeline,
  type TaskContext,
} from '#libs/streams';
import { CommandLedger, keptCommand, standingOf } from './command-states.js';
import { ContactBook } from './contact-book.js';
import { consentLane, contactLane, deliveryLane, recipientLane } from './lanes.js';
import { SENDER_TOOLS, type SenderTools } from './sender-tools.js';
import { applyCommunication } from './steps/apply-communication.step.js';
import { applyContact, applyWish } from './steps/apply-contact.step.js';
import { applyReport } from './steps/apply-report.step.js';
import { recordDoubt } from './steps/attempt-send.step.js';
import { checkDelivery, isUndelivered } from './steps/check-delivery.step.js';
import { mirrorContactAgain } from './steps/tell-contacts.step.js';
import { proveSend } from './steps/prove-send.step.js';
import { reconcileCommand } from './steps/reconcile-command.step.js';
import { rehearseSend } from './steps/rehearse-send.step.js';
import { replaceOriginals } from './steps/replace-originals.step.js';
import { sendCommand, sendCommandLater } from './steps/send-command.step.js';
import { type ContactPayload, payloadOf, timerNames, type WishPayload } from './timers.js';
import { inTraceOf } from './trace.js';
import { aboutCommand, aboutContact, tellCommand, tellContact } from './trail.js';
import { wishTopics } from './wish-topics.js';

/**
 * Sends of one connection in flight, commits of intent and outcome included: they take most of a send's time, so that three times
 * an account's concurrency (30) keep it busy, share their transactions, and make no long queue behind the limiter.
 */
const MAX_SENDS_IN_FLIGHT = 96;

/** A message has three reports, and nobody waits for them: they must not cost it three fetches and transactions. */
const REPORTS_PAUSE_MS = 200;

/**
 * twilio-sender as a list of steps. `messages` and all timers of a command run in the lane of the recipient,
 * `delivery-reports` in the lane of the message, so that each entry of a store has one writer at a time: commands and messages
 * ← recipient, deliveries ← message. Only opt-outs have several (a STOP, a refused send, a report), which all write the whole entry.
 */
@StreamPipeline({
  stores: twilioSenderStores,
  outputs: [topics.deliveryReports, topics.failedMessages, ...wishTopics],
})
export class TwilioSenderPipeline {
  constructor(@Inject(SENDER_TOOLS) private readonly tools: SenderTools) {}

  @Consume(topics.messages, {
    lane: ({ value }) => recipientLane(value.connectionId, value.to),
    about: aboutCommand,
    maxInFlightPerKey: MAX_SENDS_IN_FLIGHT,
  })
  async onMessage(record: InputRecord<MessageCommand>, context: TaskContext): Promise<void> {
    const replay = replayOf(record.headers);
    const command = replay?.mode === 'forced' ? forcedCommand(record.value, replay) : record.value;
    await inTraceOf(record.headers, () =>
      replay?.mode === 'dry-run'
        ? rehearseSend(command, replay.replayId, context)
        : this.send(command, record, context),
    );
  }

  @Consume(topics.deliveryReports, {
    lane: ({ value }) => deliveryLane(value.connectionId, value.messageSid),
    pauseMs: REPORTS_PAUSE_MS,
  })
  async onDeliveryReport(
    { value, headers }: InputRecord<DeliveryReport>,
    context: TaskContext,
  ): Promise<void> {
    inTraceOf(headers, () => applyReport(this.tools, value, context));
  }

  @Consume(topics.communications, { lane: ({ value }) => consentLane(value.connectionId, value.from) })
  async onCommunication({ value, headers }: InputRecord<Communication>, context: TaskContext): Promise<void> {
    inTraceOf(headers, () => applyCommunication(this.tools, value, context));
  }

  @Consume(topics.contacts, {
    lane: ({ value }) => contactLane(value.connectionId, value.contactKey),
    about: aboutContact,
  })
  async onContact({ value, headers }: InputRecord<ContactCommand>, context: TaskContext): Promise<void> {
    const replay = replayOf(headers);
    await inTraceOf(headers, () =>
      replay?.mode === 'dry-run'
        ? rehearse(context, replay.replayId, async (rehearsal) =>
            tellContact(rehearsal, value, { status: 'kept', reason: null }),
          )
        : applyContact(this.tools, value, context),
    );
  }

  @OnTimer(timerNames.wish)
  async onWish(timer: DueTimer, context: TaskContext): Promise<void> {
    applyWish(this.tools, timer.payload as WishPayload, context);
  }

  @OnTimer(timerNames.mirrorContact)
  async onMirrorContact(timer: DueTimer, context: TaskContext): Promise<void> {
    const { connectionId, contactKey } = timer.payload as ContactPayload;
    const contact = new ContactBook(context).get(connectionId, contactKey);
    if (contact) await mirrorContactAgain(this.tools, contact, context);
  }

  @OnTimer(timerNames.reconcile)
  async onReconcile(timer: DueTimer, context: TaskContext): Promise<void> {
    const { commandId, tries } = payloadOf(timer, 'reconcile');
    const state = new CommandLedger(context).get(commandId);
    const command = keptCommand(state);
    if (!state || !command) return;
    const standing = standingOf(state);
    if (standing === 'interrupted') this.doubtInterrupted(command, context);
    if (standing === 'uncertain') await reconcileCommand(this.tools, { command, state, tries }, context);
    // It was shown absent, called again and refused for now, and the process ended before that was planned.
    if (standing === 'open') await sendCommandLater(this.tools, command, 1, context);
  }

  @OnTimer(timerNames.prove)
  async onProof(timer: DueTimer, context: TaskContext): Promise<void> {
    proveSend(this.tools, payloadOf(timer, 'prove'), context);
  }

  @OnTimer(timerNames.resend)
  async onResend(timer: DueTimer, context: TaskContext): Promise<void> {
    const { commandId, cause, messageSid, tries } = payloadOf(timer, 'resend');
    const state = new CommandLedger(context).get(commandId);
    const command = keptCommand(state);
    if (!state || !command) return;
    const standing = standingOf(state);
    if (standing === 'interrupted') this.doubtInterrupted(command, context);
    // Open for any cause: this very resend was refused for now, and the process ended before the next one was planned.
    const wanted =
      standing === 'open' ||
      (cause === 'undelivered' &&
        standing === 'sent' &&
        state.messageSid === messageSid &&
        isUndelivered(this.tools, command, state, context));
    if (wanted) await sendCommandLater(this.tools, command, tries, context);
  }

  @OnTimer(timerNames.checkDelivery)
  async onCheckDelivery(timer: DueTimer, context: TaskContext): Promise<void> {
    const { commandId, round } = payloadOf(timer, 'check-delivery');
    const state = new CommandLedger(context).get(commandId);
    const command = keptCommand(state);
    if (!state || !command) return;
    const standing = standingOf(state);
    if (standing === 'interrupted') this.doubtInterrupted(command, context);
    if (standing === 'sent') await checkDelivery(this.tools, { command, state, round }, context);
  }

  private async send(
    command: MessageCommand,
    { value, timestamp }: InputRecord<MessageCommand>,
    context: TaskContext,
  ): Promise<void> {
    switch (standingOf(new CommandLedger(context).get(command.commandId))) {
      case 'open': {
        const originals = [value.commandId, command.resendOf ?? command.commandId].filter(
          (commandId) => commandId !== command.commandId,
        );
        const resend = { command, originals, askedAt: timestamp };
        if (!(await replaceOriginals(this.tools, resend, context))) return;
        const end = await sendCommand(this.tools, command, context);
        if (end.kind === 'waits') throw end.error;
        return;
      }
      case 'interrupted':
        this.doubtInterrupted(command, context);
        return;
      default:
        tellCommand(context, command, {
          step: 'send',
          status: 'duplicate',
          reason: 'duplicate-of',
          detail: 'The same command was taken already',
        });
    }
  }

  /** Its process ended between intent and outcome: it is looked for at once, and never sent again before that. */
  private doubtInterrupted(command: MessageCommand, context: TaskContext): void {
    const doubt = { cause: 'interrupted', errorCode: null, lookAt: context.now() } as const;
    recordDoubt(this.tools, command, context, doubt);
  }
}
