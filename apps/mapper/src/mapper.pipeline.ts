import { Inject } from '@nestjs/common';
import {
  type AccountingRecord,
  type CapAnswer,
  type CapQuestion,
  type FailedMessage,
  mapperStores,
  type ReplayOrigin,
  replayOf,
  topics,
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
import { capLane, debtorLane, failedLane, waitingKey } from './keys.js';
import { MAPPER_TOOLS, type MapperTools } from './mapper-tools.js';
import { noticeTopics } from './notice-topics.js';
import { answerHeld, askBeforeHeld } from './steps/answer-held.step.js';
import { answerReminder } from './steps/answer-reminder.step.js';
import { askBeforeReminder } from './steps/ask-before-reminder.step.js';
import { findWaiting, waitingFor } from './steps/await-related.step.js';
import { forgetInvoice } from './steps/forget-invoice.step.js';
import { answerCap, passGate } from './steps/gate-message.step.js';
import { remindDebtor } from './steps/join-debtor.step.js';
import { keepRecord } from './steps/keep-record.step.js';
import { baselineOf, mapRecord, mapWaiting } from './steps/map-record.step.js';
import { aboutFailed, answerOtherWay, askBeforeOtherWay, takeOtherWay } from './steps/take-other-way.step.js';
import { payloadOf, timerNames } from './timers.js';
import { inTraceOf } from './trace.js';
import { aboutRecord, tellRecord } from './trail.js';

/**
 * mapper as a list of steps. Records and timers of one debtor run in one lane (why: `debtorLane`), so that every entry of a
 * store has one writer at a time.
 */
@StreamPipeline({
  stores: mapperStores,
  outputs: [topics.messages, topics.contacts, topics.capQuestions, topics.capAnswers, ...noticeTopics],
})
export class MapperPipeline {
  constructor(@Inject(MAPPER_TOOLS) private readonly tools: MapperTools) {}

  @Consume(topics.records, { lane: ({ value }) => debtorLane(value), about: aboutRecord })
  async onRecord({ value, headers }: InputRecord<AccountingRecord>, context: TaskContext): Promise<void> {
    const replay = replayOf(headers);
    await inTraceOf(headers, () =>
      replay ? this.mapAgain(value, replay, context) : this.map(value, undefined, context),
    );
  }

  @Consume(topics.failedMessages, { lane: ({ value }) => failedLane(value), about: aboutFailed })
  async onFailedMessage({ value, headers }: InputRecord<FailedMessage>, context: TaskContext): Promise<void> {
    inTraceOf(headers, () => takeOtherWay(this.tools, value, context));
  }

  @Consume(topics.capQuestions, { lane: ({ value }) => capLane(value.workspaceId) })
  async onCapQuestion({ value, headers }: InputRecord<CapQuestion>, context: TaskContext): Promise<void> {
    inTraceOf(headers, () => answerCap(value, context));
  }

  @Consume(topics.capAnswers, { lane: ({ value }) => value.lane })
  async onCapAnswer({ value, headers }: InputRecord<CapAnswer>, context: TaskContext): Promise<void> {
    inTraceOf(headers, () => passGate(this.tools, value, context));
  }

  @OnTimer(timerNames.otherWay)
  async onOtherWay(timer: DueTimer, context: TaskContext): Promise<void> {
    askBeforeOtherWay(this.tools, payloadOf(timer, 'other-way'), context);
  }

  @OnTimer(timerNames.reminder)
  async onReminder(timer: DueTimer, context: TaskContext): Promise<void> {
    askBeforeReminder(this.tools, payloadOf(timer, 'reminder'), context);
  }

  @OnTimer(timerNames.related)
  async onRelated(timer: DueTimer, context: TaskContext): Promise<void> {
    const waiting = findWaiting(payloadOf(timer, 'related').waitingKey, context);
    if (waiting) await mapWaiting(this.tools, waiting, false, context);
  }

  @OnTimer(timerNames.forget)
  async onForget(timer: DueTimer, context: TaskContext): Promise<void> {
    forgetInvoice(this.tools, payloadOf(timer, 'forget').entityKey, context);
  }

  @OnTimer(timerNames.held)
  async onHeld(timer: DueTimer, context: TaskContext): Promise<void> {
    askBeforeHeld(this.tools, payloadOf(timer, 'held'), context);
  }

  @OnTimer(timerNames.group)
  async onGroup(timer: DueTimer, context: TaskContext): Promise<void> {
    await remindDebtor(this.tools, payloadOf(timer, 'group').key, context);
  }

  /** A record that an operator has brought again: for real, or to see what would come of it. */
  private async mapAgain(value: AccountingRecord, replay: ReplayOrigin, context: TaskContext): Promise<void> {
    const record: AccountingRecord = { ...value, origin: 'replay' };
    if (replay.mode !== 'dry-run') await this.map(record, replay, context);
    else await rehearse(context, replay.replayId, (rehearsal) => this.map(record, replay, rehearsal));
  }

  private async map(
    value: AccountingRecord,
    replay: ReplayOrigin | undefined,
    context: TaskContext,
  ): Promise<void> {
    const kept = keepRecord(this.tools, value, context);
    if (kept.kind === 'superseded') {
      const detail = 'A newer state of it was handled before.';
      tellRecord(context, value, { status: 'superseded', reason: 'stale-record', detail });
      return;
    }
    const { record } = kept;
    const waiting = findWaiting(waitingKey(record), context);
    const previous = baselineOf(waiting, kept.previous);
    const work = { record, previous, tries: 0, key: waiting?.key, woken: false, replay };
    await mapRecord(this.tools, work, context);
    for (const other of waitingFor(record, context)) await mapWaiting(this.tools, other, true, context);
    for (const token of record.recheckTokens) {
      await answerReminder(this.tools, record, token, context);
      await answerHeld(this.tools, record, token, context);
      await answerOtherWay(this.tools, record, token, context);
    }
  }
}
