import {
  type DeadLetter,
  type Outcome,
  outcomeOf,
  type ParkedWork,
  runtimeStores,
  topics,
} from '#libs/contracts';
import { codeOf, digestOf, dispositionOf, fullJitterBackoff, LedgerwireError, type Random } from '#libs/core';
import type { OutcomeSubject } from '../api/decorators.js';
import type { RawRecord } from '../log/raw-record.js';
import type { Codec } from '../codec/codec.js';
import { decodeRecord, toTextHeaders } from './record-decoding.js';
import type { BlockedGroups } from './blocked-groups.js';
import type { DueQueue } from './due-queue.js';
import { parkedKeyOf } from './parking-lot.js';
import type { TaskEvents } from './task-events.js';
import type { TaskRuntime } from './task-runtime.js';
import type { TaskSettings } from './task-settings.js';
import type { InputHandler } from './topology.js';
import { UnitOfWork } from './unit-of-work.js';
import { isRecord, type RecordItem, type TimerItem, type WorkItem } from './work-item.js';

interface FailurePorts {
  readonly blocked: BlockedGroups;
  readonly settings: TaskSettings;
  readonly random: Random;
  readonly events: TaskEvents;
}

/** A time that a vendor named is kept, and passed by up to this share of it. */
const NAMED_TIME_JITTER = 0.1;

/** What failure handling may do with the lanes. */
export interface LaneAccess {
  /** Takes out the records of a lane that have not begun. */
  takeWaitingRecords(lane: string): readonly RecordItem[];
  /** Handles one record of a failed batch by itself; `behind` is the rest of the batch, which waits behind it should it be parked. */
  runAlone(item: RecordItem, behind: readonly RecordItem[]): Promise<WorkOutcome | 'ok'>;
}

/** How one piece of work ended, for the metrics. */
export type WorkOutcome = 'parked' | 'dead-lettered' | 'failed';

/**
 * What becomes of finished and failed work (DESIGN section 5, failure classes): done, parked with a time, set aside as a dead
 * letter, or the end of the service.
 */
export class FailureHandling {
  /** How often a due timer has failed in a row; timers keep no count in the store. */
  private readonly timerFailures = new Map<string, number>();

  constructor(
    private readonly runtime: TaskRuntime,
    private readonly timers: DueQueue,
    private readonly ports: FailurePorts,
  ) {}

  /** Ends work that succeeded: its input is finished, its parked entry or timer goes with the same transaction. */
  finish(items: readonly WorkItem[], unit: UnitOfWork): void {
    for (const item of items) {
      if (isRecord(item)) this.ports.blocked.passed(item.group);
      if (item.kind === 'timer') this.finishTimer(item, unit);
      else if (item.kind === 'record' && item.parked) {
        unit.store(runtimeStores.parked).delete(item.parked.storeKey);
      }
    }
    unit.flush(offsetsOf(items));
  }

  /** Decides by the error's disposition. */
  async handle(items: readonly WorkItem[], error: unknown, lanes: LaneAccess): Promise<WorkOutcome> {
    const disposition = dispositionOf(error);
    const [first] = items;
    if (disposition === 'halt' || !first) {
      this.ports.events.fatal(error);
      return 'failed';
    }
    if (first.kind === 'tick') return 'failed';
    if (first.kind === 'timer') return this.postponeTimer(first, error);
    const records = items.filter(isRecord);
    if (disposition !== 'dead-letter') return this.park(records, error, lanes);
    // One of them may be to blame: each gets its own try before any is set aside.
    if (records.length > 1) await this.runOneByOne(records, lanes);
    else this.setAside(records, error);
    return 'dead-lettered';
  }

  /** Parks records that cannot run yet through no fault of theirs. */
  parkBehind(items: readonly RecordItem[], reason: 'behind-parked' | 'queue-full'): void {
    const unit = this.newUnit();
    for (const item of items) {
      this.putParked(unit, item, {
        reason,
        wakeAt: this.runtime.clock.now(),
        attempts: item.input.attempt - 1,
      });
    }
    unit.flush(offsetsOf(items));
  }

  /** A record that cannot be read is set aside at once, with its bytes. */
  rejectUndecodable(handler: InputHandler, raw: RawRecord, error: unknown): void {
    if (dispositionOf(error) === 'halt') {
      this.ports.events.fatal(error);
      return;
    }
    const unit = this.newUnit(toTextHeaders(raw.headers));
    emitDeadLetter(unit, this.runtime.service, raw, error, 1);
    unit.flush([{ topic: handler.topic.name, offset: raw.offset }]);
    this.ports.events.handled(handler.topic.name, 'dead-lettered', 0);
  }

  /** The same for a record that was parked by a build that could read it. */
  rejectParked(storeKey: string, raw: RawRecord, error: unknown): void {
    if (dispositionOf(error) === 'halt') {
      this.ports.events.fatal(error);
      return;
    }
    const unit = this.newUnit(toTextHeaders(raw.headers));
    emitDeadLetter(unit, this.runtime.service, raw, error, 1);
    unit.store(runtimeStores.parked).delete(storeKey);
    unit.flush([]);
    this.ports.events.handled(raw.topic, 'dead-lettered', 0);
  }

  /** Sets parked work aside because an operator has given it up. */
  giveUpParked(storeKey: string, handler: InputHandler | undefined, raw: RawRecord, work: ParkedWork): void {
    const error = new LedgerwireError('given up by an operator', {
      code: 'given-up-by-operator',
      disposition: 'dead-letter',
    });
    const item = handler && decodedOrUndefined(this.runtime.codec, handler, raw, work.attempts);
    if (item) this.setAside([{ ...item, parked: { storeKey, work } }], error);
    else this.rejectParked(storeKey, raw, error);
  }

  private async runOneByOne(records: readonly RecordItem[], lanes: LaneAccess): Promise<void> {
    for (const [i, item] of records.entries()) {
      const outcome = await lanes.runAlone(item, records.slice(i + 1));
      // The rest of the batch was parked behind it.
      if (outcome === 'parked') return;
    }
  }

  private finishTimer(item: TimerItem, unit: UnitOfWork): void {
    this.timerFailures.delete(item.storeKey);
    // The handler may have set the same timer anew: then it stays.
    const setAgain = this.timers.timeOf(item.storeKey) !== undefined;
    if (!setAgain && !unit.hasWritten(runtimeStores.timers.name, item.storeKey)) {
      unit.cancelTimer(item.input.name, item.input.key);
    }
  }

  private postponeTimer(item: TimerItem, error: unknown): WorkOutcome {
    const failures = (this.timerFailures.get(item.storeKey) ?? 0) + 1;
    this.timerFailures.set(item.storeKey, failures);
    const unit = this.newUnit();
    unit.setTimer({ ...item.input, fireAt: this.nextTryAt(error, failures) });
    unit.flush([]);
    return 'parked';
  }

  private park(records: readonly RecordItem[], error: unknown, lanes: LaneAccess): WorkOutcome {
    const [first] = records;
    if (!first) return 'failed';
    const now = this.runtime.clock.now();
    const policy = dispositionOf(error) === 'retry' ? this.ports.settings.retry : this.ports.settings.park;
    const since = first.parked?.work.firstParkedAt ?? now;
    if (now - since > policy.deadlineMs) {
      this.setAside(
        records,
        new LedgerwireError('given up after its deadline', {
          code: `deadline-${codeOf(error)}`,
          disposition: 'dead-letter',
          cause: error,
        }),
      );
      return 'dead-lettered';
    }
    const wakeAt = this.nextTryAt(error, first.input.attempt);
    if (dispositionOf(error) === 'park') this.ports.blocked.refused(first.group, wakeAt);
    const unit = this.newUnit(first.input.headers);
    for (const item of records) {
      this.putParked(unit, item, { reason: codeOf(error), wakeAt, attempts: item.input.attempt });
      this.emitOutcome(unit, item, { status: 'parked', reason: codeOf(error), nextTryAt: wakeAt });
    }
    unit.flush(offsetsOf(records));
    this.parkBehind(lanes.takeWaitingRecords(first.lane), 'behind-parked');
    return 'parked';
  }

  private putParked(
    unit: UnitOfWork,
    item: RecordItem,
    wait: { reason: string; wakeAt: number; attempts: number },
  ): void {
    const storeKey = item.parked?.storeKey ?? parkedKeyOf(item.lane, item.raw);
    const { topic, partition, offset, timestamp, key, value, headers } = item.raw;
    const work: ParkedWork = {
      topic,
      partition,
      offset,
      timestamp,
      key,
      value,
      headers: headers.map(([name, bytes]) => ({ key: name, value: bytes })),
      lane: item.lane,
      firstParkedAt: item.parked?.work.firstParkedAt ?? this.runtime.clock.now(),
      ...wait,
    };
    unit.store(runtimeStores.parked).put(storeKey, work);
  }

  private setAside(records: readonly RecordItem[], error: unknown): void {
    for (const item of records) {
      const unit = this.newUnit(item.input.headers);
      emitDeadLetter(unit, this.runtime.service, item.raw, error, item.input.attempt);
      this.emitOutcome(unit, item, { status: 'dead-lettered', reason: codeOf(error) });
      if (item.parked) unit.store(runtimeStores.parked).delete(item.parked.storeKey);
      unit.flush(offsetsOf([item]));
    }
  }

  private nextTryAt(error: unknown, attempt: number): number {
    const { settings, random } = this.ports;
    const policy = dispositionOf(error) === 'retry' ? settings.retry : settings.park;
    const asked = error instanceof LedgerwireError ? error.retryAfterMs : undefined;
    const wait =
      asked === undefined
        ? fullJitterBackoff(policy, attempt, random)
        : // A header that names a time years ahead must not outwait the deadline, which is looked at when it is tried again.
          Math.min(asked * (1 + random() * NAMED_TIME_JITTER), policy.deadlineMs);
    return Math.ceil(this.runtime.clock.now() + wait);
  }

  private emitOutcome(
    unit: UnitOfWork,
    item: RecordItem,
    fields: Pick<Outcome, 'status' | 'reason'> & { nextTryAt?: number },
  ): void {
    const subject: OutcomeSubject | undefined = item.handler.about?.(item.input.value);
    if (!subject) return;
    const { service, clock } = this.runtime;
    const origin = `${item.raw.topic}/${item.raw.partition}/${item.raw.offset}`;
    const outcome = outcomeOf({
      ...subject,
      ...fields,
      what: origin,
      attempt: item.input.attempt,
      step: subject.step ?? service,
      service,
      at: clock.now(),
    });
    unit.emit(topics.outcomes, outcome.workspaceId, outcome);
  }

  private newUnit(headers: Readonly<Record<string, string>> = {}): UnitOfWork {
    return new UnitOfWork(this.runtime, headers);
  }
}

/** Parked work whose bytes cannot be read any more is still given up, without an outcome of its own. */
function decodedOrUndefined(
  codec: Codec,
  handler: InputHandler,
  raw: RawRecord,
  attempt: number,
): RecordItem | undefined {
  try {
    return decodeRecord(codec, handler, raw, attempt);
  } catch {
    return undefined;
  }
}

function emitDeadLetter(
  unit: UnitOfWork,
  service: string,
  raw: RawRecord,
  error: unknown,
  attempts: number,
): void {
  const letter: DeadLetter = {
    // With the service: two that read one topic may both fail at a record, each for a reason of its own.
    deadLetterId: digestOf(service, raw.topic, String(raw.partition), String(raw.offset)),
    service,
    originTopic: raw.topic,
    originPartition: raw.partition,
    originOffset: raw.offset,
    originTimestamp: raw.timestamp,
    key: raw.key,
    value: raw.value,
    headers: raw.headers.map(([key, value]) => ({ key, value })),
    errorCode: codeOf(error),
    errorMessage: error instanceof LedgerwireError ? error.message : 'unclassified error',
    attempts,
    at: unit.now(),
  };
  unit.emit(topics.deadLetters, raw.key?.toString() ?? '', letter);
}

function offsetsOf(items: readonly WorkItem[]): { topic: string; offset: number }[] {
  return items.flatMap((item) =>
    item.kind === 'record' && !item.parked ? [{ topic: item.raw.topic, offset: item.raw.offset }] : [],
  );
}
