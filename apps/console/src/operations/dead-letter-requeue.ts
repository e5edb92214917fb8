import { headerNames, outcomeOf, topics } from '#libs/contracts';
import type { Clock } from '#libs/core';
import type { DeadLetterFilter, DeadLetterRow, DeadLetterStore } from '#libs/persistence';
import type { LogProducer, LogReader, RawLogProducer, RawOutput } from '#libs/streams';

/** What became of the dead letters that an operator asked for. */
export interface RequeueReport {
  readonly requeued: number;
  /** Those that stay open, with the reason. */
  readonly left: readonly { readonly deadLetterId: string; readonly problem: string }[];
}

/** What the requeue works with. */
export interface RequeuePorts {
  readonly deadLetters: Pick<DeadLetterStore, 'find' | 'list' | 'settle'>;
  readonly reader: Pick<LogReader, 'readAt' | 'decode'>;
  readonly producer: LogProducer & RawLogProducer;
  readonly clock: Clock;
  readonly service: string;
}

/**
 * Brings dead letters back to where they came from, byte for byte and with their headers. A letter is settled after its record
 * is in the log: when the process ends in between it is brought again, and what it does is deduplicated like any redelivery.
 */
export class DeadLetterRequeue {
  constructor(private readonly ports: RequeuePorts) {}

  /** Those of the ids that are open. */
  async byIds(deadLetterIds: readonly string[], reason: string): Promise<RequeueReport> {
    const rows = await Promise.all(deadLetterIds.map((id) => this.ports.deadLetters.find(id)));
    const unknown = deadLetterIds.filter((_, i) => !rows[i]);
    const report = await this.requeue(
      rows.filter((row) => row !== null),
      reason,
    );
    const missing = unknown.map((deadLetterId) => ({
      deadLetterId,
      problem: 'There is no such dead letter.',
    }));
    return { ...report, left: [...report.left, ...missing] };
  }

  /** Up to `limit` open ones that fit the filter, oldest of them last. */
  async byFilter(filter: DeadLetterFilter, limit: number, reason: string): Promise<RequeueReport> {
    return this.requeue(await this.ports.deadLetters.list({ ...filter, status: 'open' }, limit), reason);
  }

  private async requeue(rows: readonly DeadLetterRow[], reason: string): Promise<RequeueReport> {
    let requeued = 0;
    const left: { deadLetterId: string; problem: string }[] = [];
    // In the order in which they were set aside, so that changes of one entity keep theirs.
    for (const row of [...rows].sort((a, b) => a.originOffset - b.originOffset)) {
      const problem = await this.requeueOne(row, reason);
      if (problem === undefined) requeued += 1;
      else left.push({ deadLetterId: row.deadLetterId, problem });
    }
    return { requeued, left };
  }

  private async requeueOne(row: DeadLetterRow, reason: string): Promise<string | undefined> {
    const { deadLetters, reader, producer, clock } = this.ports;
    if (row.status !== 'open') return `It is ${row.status} already.`;
    if (row.originPartition < 0) {
      return 'It came by webhook and never reached a topic; the next poll of the connection brings what it told of.';
    }
    const record = await reader.readAt(topics.deadLetters.name, row.logPartition, row.logOffset);
    if (!record) return 'Its bytes are gone: the topic keeps dead letters for 90 days.';
    const letter = await reader.decode(topics.deadLetters, record);
    const output: RawOutput = {
      topic: letter.originTopic,
      partition: letter.originPartition,
      key: letter.key,
      value: letter.value,
      headers: letter.headers
        .filter(({ key }) => key !== headerNames.replayMode)
        .map(({ key, value }) => [key, value] as const),
    };
    await producer.sendRaw([output]);
    await this.tell(row, reason);
    await deadLetters.settle([row.deadLetterId], 'requeued', clock.now());
    return undefined;
  }

  private async tell(row: DeadLetterRow, reason: string): Promise<void> {
    if (row.workspaceId === null) return;
    const outcome = outcomeOf({
      workspaceId: row.workspaceId,
      step: 'operate',
      status: 'requeued',
      service: this.ports.service,
      at: this.ports.clock.now(),
      what: row.deadLetterId,
      traceId: row.traceId,
      connectionId: row.key,
      detail: `An operator had it tried again: ${reason}`,
    });
    await this.ports.producer.send({ topic: topics.outcomes, key: row.workspaceId, value: outcome });
  }
}
