import { Inject } from '@nestjs/common';
import { type ChangeNotice, type DeadLetter, type Outcome, topics } from '#libs/contracts';
import type { DeadLetterStore, NewOutcome, OutcomeStore } from '#libs/persistence';
import { ConsumeBatch, type InputRecord, StreamPipeline, type TaskContext } from '#libs/streams';
import { deadLetterRow, noticeRow, outcomeRow } from './audit/audit-rows.js';
import type { DatabasePatience } from './audit/database-patience.js';
import { AUDIT_PORTS } from './tokens.js';

/** What the pipeline writes to. */
export interface AuditPorts {
  readonly outcomes: Pick<OutcomeStore, 'addAll'>;
  readonly deadLetters: Pick<DeadLetterStore, 'addAll'>;
  readonly patience: DatabasePatience;
  /** Told after rows were written, for the metrics and for live feeds, which look at once. */
  readonly written: (kind: 'outcome' | 'dead-letter', rows: number, durationMs: number) => void;
}

const MAX_BATCH = 500;
/** The trail may be a moment behind; a statement costs about the same with five rows and with five hundred. */
const PAUSE_MS = 200;
const OUTCOMES_LANE = 'outcomes';
const NOTICES_LANE = 'notices';
const DEAD_LETTERS_LANE = 'dead-letters';

/**
 * Console as a stream service, step by step:
 * 1. outcomes → the audit trail, many rows in one statement; those that are there already change nothing
 * 2. change notices that came by webhook → the line that says so. Ingress answers for the notice alone: what it could tell of it stands
 *    in the notice, and a second record would have doubled what a webhook costs
 * 3. dead letters → their index
 * All records of a task are one lane: they need no order among themselves, and one statement for many rows is what makes it
 * quick.
 */
@StreamPipeline({ stores: {}, outputs: [] })
export class ConsolePipeline {
  constructor(@Inject(AUDIT_PORTS) private readonly ports: AuditPorts) {}

  @ConsumeBatch(topics.outcomes, { lane: () => OUTCOMES_LANE, maxBatch: MAX_BATCH, pauseMs: PAUSE_MS })
  async storeOutcomes(records: readonly InputRecord<Outcome>[], context: TaskContext): Promise<void> {
    await this.addOutcomes(
      records.map((record) => outcomeRow(record.value)),
      context,
    );
  }

  @ConsumeBatch(topics.changeNotices, { lane: () => NOTICES_LANE, maxBatch: MAX_BATCH, pauseMs: PAUSE_MS })
  async storeNotices(records: readonly InputRecord<ChangeNotice>[], context: TaskContext): Promise<void> {
    const rows = records.flatMap((record) => noticeRow(record) ?? []);
    if (rows.length > 0) await this.addOutcomes(rows, context);
  }

  @ConsumeBatch(topics.deadLetters, { lane: () => DEAD_LETTERS_LANE, maxBatch: MAX_BATCH, pauseMs: PAUSE_MS })
  async indexDeadLetters(records: readonly InputRecord<DeadLetter>[], context: TaskContext): Promise<void> {
    const rows = records.map((record) => deadLetterRow(record));
    const startedAt = context.now();
    await this.ports.patience.write(context.signal, () => this.ports.deadLetters.addAll(rows));
    this.ports.written('dead-letter', rows.length, context.now() - startedAt);
  }

  private async addOutcomes(rows: readonly NewOutcome[], context: TaskContext): Promise<void> {
    const startedAt = context.now();
    await this.ports.patience.write(context.signal, () => this.ports.outcomes.addAll(rows));
    this.ports.written('outcome', rows.length, context.now() - startedAt);
  }
}
