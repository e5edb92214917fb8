import { outcomeOf, topics } from '#libs/contracts';
import type { Clock } from '#libs/core';
import type { OutcomeStore, ReplayRow, ReplayStore } from '#libs/persistence';
import type { LogProducer, LogReader } from '#libs/streams';
import type { ReplayReport } from '../api/operations.schema.js';
import type { DeadLetterRequeue } from './dead-letter-requeue.js';
import type { ParkedWorkList } from './parked-work.js';
import { planReplay, type ReplayRequest } from './replay-plan.js';

/** What the operations of operators work with. */
export interface OperationsPorts {
  readonly parked: ParkedWorkList;
  readonly requeue: DeadLetterRequeue;
  readonly replays: Pick<ReplayStore, 'add' | 'find' | 'list' | 'cancel'>;
  readonly outcomes: Pick<OutcomeStore, 'countByStatusOfReplay' | 'trace'>;
  readonly reader: LogReader;
  readonly producer: LogProducer;
  /** As outcomes name it. */
  readonly service: string;
  readonly clock: Clock;
}

/** A replay without what came of it. */
export type ReplayView = Omit<ReplayReport, 'outcomes'>;

/** What operators do with work that waits, was set aside, or is to come again. */
export class Operations {
  constructor(private readonly ports: OperationsPorts) {}

  get parked(): ParkedWorkList {
    return this.ports.parked;
  }

  get requeue(): DeadLetterRequeue {
    return this.ports.requeue;
  }

  /** Plans a replay; some console does it from then on. @throws as `planReplay` */
  async startReplay(request: ReplayRequest): Promise<ReplayView> {
    const replay = await planReplay(request, this.ports.reader, this.ports.clock);
    await this.tellResend(replay);
    await this.ports.replays.add(replay);
    return viewOf(replay);
  }

  /** Newest first. */
  async listReplays(limit: number): Promise<ReplayView[]> {
    return (await this.ports.replays.list(limit)).map(viewOf);
  }

  async replayReport(replayId: string): Promise<ReplayReport | undefined> {
    const replay = await this.ports.replays.find(replayId);
    if (!replay) return undefined;
    return { ...viewOf(replay), outcomes: await this.ports.outcomes.countByStatusOfReplay(replayId) };
  }

  /** A forced replay of one command: its trail says that an operator wanted it, and why, before it goes out again. */
  private async tellResend({ replayId, mode, filter, reason }: ReplayRow): Promise<void> {
    const { commandId } = filter;
    if (commandId === undefined || mode !== 'forced') return;
    const known = (await this.ports.outcomes.trace(commandId)).find((row) => row.commandId === commandId);
    if (!known) return;
    const { workspaceId, traceId, recordId, flowId, flowStep, businessEvent, channel, recipient } = known;
    const outcome = outcomeOf({
      workspaceId,
      traceId,
      recordId,
      commandId,
      flowId,
      flowStep,
      businessEvent,
      channel,
      recipient,
      step: 'operate',
      status: 'resend-asked',
      service: this.ports.service,
      at: this.ports.clock.now(),
      what: replayId,
      detail: `An operator had it sent again: ${reason}`,
    });
    await this.ports.producer.send({ topic: topics.outcomes, key: workspaceId, value: outcome });
  }

  async cancelReplay(replayId: string): Promise<void> {
    await this.ports.replays.cancel(replayId, this.ports.clock.now());
  }
}

function viewOf(replay: ReplayRow): ReplayView {
  const total = replay.spans.reduce((sum, { from, to }) => sum + to - from, 0);
  const done = replay.spans.reduce((sum, { from, next }) => sum + next - from, 0);
  const { replayId, topic, mode, reason, status, replayed, unanswered } = replay;
  const { problem, attempts, nextTryAt, createdAt, endedAt } = replay;
  return {
    replayId,
    topic,
    mode,
    reason,
    status,
    replayed,
    unanswered,
    problem,
    attempts,
    nextTryAt,
    createdAt,
    endedAt,
    read: replay.read,
    filter: { ...replay.filter },
    spans: [...replay.spans],
    progress: total === 0 ? 1 : done / total,
  };
}
