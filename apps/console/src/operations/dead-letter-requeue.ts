import { type DeadLetter, headerNames, outcomeOf, topics } from '#libs/contracts';
import type { Clock } from '#libs/core';
import type { DeadLetterFilter, DeadLetterRow, DeadLetterStore } from '#libs/persistence';
import type { LogProducer, LogReader, RawLogProducer, RawOutput } from '#libs/streams';
import type { WebhookReturn } from './webhook-return.js';

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
  readonly webhooks: Pick<WebhookReturn, 'handIn'>;
  readonly clock: Clock;
  readonly service: string;
}

/**
 * Brings dead letters back to where they came from, byte for byte and with their headers: records to their topic, webhooks to
 * ingress. A letter is settled after what it holds is in the log: when the process ends in between it is brought again, and what
 * it does is deduplicated like any redelivery.
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
    // In the order in which they came, so that changes of one entity keep theirs.
    for (const row of [...rows].sort((a, b) => a.originOffset - b.originOffset || a.at - b.at)) {
      const problem = await this.requeueOne(row, reason);
      if (problem === undefined) requeued += 1;
      else left.push({ deadLetterId: row.deadLetterId, problem });
    }
    return { requeued, left };
  }

  private async requeueOne(row: DeadLetterRow, reason: string): Promise<string | undefined> {
    const { deadLetters, reader, producer, clock } = this.ports;
    if (row.status !== 'open') return `It is ${row.status} already.`;
    const record = await reader.readAt(topics.deadLetters.name, row.logPartition, row.logOffset);
    if (!record) return 'Its bytes are gone: the topic keeps dead letters for 90 days.';
    const letter = await reader.decode(topics.deadLetters, record);
    const told = { row, reason };
    if (row.originPartition < 0) {
      const traceparent = record.headers.find(([name]) => name === headerNames.traceparent)?.[1];
      const answer = await this.ports.webhooks.handIn(letter, traceparent?.toString() ?? null);
      if (!answer.taken) return answer.problem ?? 'ingress did not take it.';
      for (const workspaceId of workspacesOf(row, answer.workspaceIds)) await this.tell(told, workspaceId);
    } else {
      await producer.sendRaw([recordOf(letter)]);
      for (const workspaceId of workspacesOf(row, [])) await this.tell(told, workspaceId);
    }
    await deadLetters.settle([row.deadLetterId], 'requeued', clock.now());
    return undefined;
  }

  private async tell({ row, reason }: Told, workspaceId: string): Promise<void> {
    const about =
      row.originPartition < 0 ? { webhookIds: row.key === null ? [] : [row.key] } : { connectionId: row.key };
    const outcome = outcomeOf({
      ...about,
      workspaceId,
      step: 'operate',
      status: 'requeued',
      service: this.ports.service,
      at: this.ports.clock.now(),
      what: `${row.deadLetterId}/${workspaceId}`,
      traceId: row.traceId,
      detail: `An operator had it tried again: ${reason}`,
    });
    await this.ports.producer.send({ topic: topics.outcomes, key: workspaceId, value: outcome });
  }
}

interface Told {
  readonly row: DeadLetterRow;
  readonly reason: string;
}

/** Whose trails tell it: a webhook's events may belong to others than the one it was set aside for. */
function workspacesOf(row: DeadLetterRow, others: readonly string[]): Set<string> {
  return new Set([...(row.workspaceId === null ? [] : [row.workspaceId]), ...others]);
}

/** The record as it was; whatever brought it the last time, this time it is for real. */
function recordOf({ originTopic, originPartition, key, value, headers }: DeadLetter): RawOutput {
  const kept = headers.filter(({ key: name }) => name !== headerNames.replayMode);
  return {
    topic: originTopic,
    partition: originPartition,
    key,
    value,
    headers: kept.map(({ key: name, value: text }) => [name, text] as const),
  };
}
