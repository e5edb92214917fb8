import { Inject } from '@nestjs/common';
import { type ChangeNotice, type ContactWish, fetcherStores, outcomeOf, topics } from '#libs/contracts';
import {
  Consume,
  ConsumeBatch,
  type DueTimer,
  Every,
  type InputRecord,
  OnTimer,
  StreamPipeline,
  type TaskContext,
} from '#libs/streams';
import { FETCHER_TOOLS, type FetcherTools } from './fetcher-tools.js';
import { Fingerprints } from './fingerprints.js';
import { entityKey, pollKey, wishKey } from './keys.js';
import { admitConnection } from './steps/admit-connection.step.js';
import { aboutWish, bringWish } from './steps/bring-wish.step.js';
import { coalesceNotices, type FetchRequest } from './steps/coalesce-notices.step.js';
import { doubtGone } from './steps/doubt-gone.step.js';
import { emitPrepared } from './steps/emit-prepared.step.js';
import { aboutRequest } from './steps/emit-record.step.js';
import { HINTED_POLL, type PollPayload, setPollTimer } from './steps/hint-polls.step.js';
import { planPolls, REGULAR_POLL } from './steps/plan-polls.step.js';
import { pollConnection } from './steps/poll-connection.step.js';
import { prepareEntity } from './steps/prepare-entity.step.js';
import { currentTraceId, inTraceOf } from './trace.js';

/** All notices of an entity that wait are one question; more than this many at once do not come. */
const MAX_COALESCED = 100;
const PLAN_EVERY_MS = 15_000;

/**
 * fetcher as a list of steps, for one vendor. Notices run in the lane of their entity, polls in a lane per connection and
 * type. Both end in the same comparison with what was emitted before, so that neither tells what the other has told.
 */
@StreamPipeline({ stores: fetcherStores, outputs: [topics.records, topics.changeNotices] })
export class FetcherPipeline {
  private readonly pollIntervals = new Map<string, number>();

  constructor(@Inject(FETCHER_TOOLS) private readonly tools: FetcherTools) {}

  @ConsumeBatch(topics.changeNotices, {
    lane: ({ value }) => entityKey(value),
    maxBatch: MAX_COALESCED,
    about: aboutNotice,
  })
  async onNotices(records: readonly InputRecord<ChangeNotice>[], context: TaskContext): Promise<void> {
    const [first, ...others] = records;
    if (!first) return;
    const request = coalesceNotices([first.value, ...others.map(({ value }) => value)]);
    await inTraceOf(first.headers, () => this.fetch(request, first.attempt, context));
  }

  @Consume(topics.contactWishes, { lane: ({ value }) => wishKey(value), about: aboutWish })
  async onWish({ value, attempt, headers }: InputRecord<ContactWish>, context: TaskContext): Promise<void> {
    await inTraceOf(headers, () => bringWish(this.tools, value, attempt, context));
  }

  @Every('plan-polls', PLAN_EVERY_MS)
  async onPlanPolls(_tick: DueTimer, context: TaskContext): Promise<void> {
    planPolls(this.tools, context, this.pollIntervals);
  }

  @OnTimer(REGULAR_POLL)
  async onPoll(timer: DueTimer, context: TaskContext): Promise<void> {
    const payload = timer.payload as PollPayload;
    const cursor = this.cursorOf(payload, context);
    if (cursor && cursor.nextPollAt <= context.now()) await this.poll(payload, context);
  }

  @OnTimer(HINTED_POLL)
  async onHintedPoll(timer: DueTimer, context: TaskContext): Promise<void> {
    const payload = timer.payload as PollPayload;
    const cursor = this.cursorOf(payload, context);
    if (!cursor) return;
    const { hintSpacingMs } = this.tools.settings;
    // A poll that fails keeps its pause, whatever hints there are.
    const soonest = cursor.failures ? cursor.nextPollAt : cursor.polledAt + hintSpacingMs;
    if (context.now() < soonest) setPollTimer(context, HINTED_POLL, payload, soonest);
    else await this.poll(payload, context);
  }

  private async fetch(request: FetchRequest, attempt: number, context: TaskContext): Promise<void> {
    const { connections, loader, metrics, settings } = this.tools;
    const { connectionId, entityType, entityId } = request;
    if (!isSupported(this.tools, request)) {
      const detail = 'The books of this vendor are not read for such entities';
      tellDropped(request, { reason: 'unsupported-entity', detail }, context);
      return;
    }
    metrics.noticed(entityType, request.noticeIds.length);
    const admission = admitConnection(connections.get(connectionId), settings, attempt);
    if (admission.kind === 'drop') {
      tellDropped(request, admission, context);
      return;
    }
    const fetched = await loader.load(connectionId, entityType, entityId);
    if (fetched === 'gone')
      doubtGone(request, new Fingerprints(context, connectionId).find(request), attempt, settings);
    const prepared = await prepareEntity(this.tools, request, fetched, context);
    emitPrepared(this.tools, prepared, context);
  }

  private async poll({ connectionId, entityType }: PollPayload, context: TaskContext): Promise<void> {
    const connection = this.tools.connections.get(connectionId);
    const plan = this.tools.source.entityTypes.find((candidate) => candidate.entityType === entityType);
    const cursor = this.cursorOf({ connectionId, entityType }, context);
    // A connection that is away is planned anew when it is back.
    if (connection?.status !== 'active' || !plan || !cursor) return;
    await pollConnection(this.tools, { connection, plan, cursor }, context);
  }

  private cursorOf({ connectionId, entityType }: PollPayload, context: TaskContext) {
    return context.store(fetcherStores.cursors).get(pollKey(connectionId, entityType));
  }
}

function isSupported({ source }: FetcherTools, { entityType }: FetchRequest): boolean {
  return source.entityTypes.some((plan) => plan.entityType === entityType);
}

function aboutNotice(notice: ChangeNotice) {
  return { ...aboutRequest(coalesceNotices([notice])), step: 'fetch' };
}

function tellDropped(
  request: FetchRequest,
  { reason, detail }: { readonly reason: string; readonly detail: string },
  context: TaskContext,
): void {
  const outcome = outcomeOf({
    ...aboutRequest(request),
    step: 'fetch',
    status: 'skipped',
    reason,
    detail,
    service: context.service,
    at: context.now(),
    what: request.noticeIds.join(),
    traceId: currentTraceId(),
  });
  context.emit(topics.outcomes, request.workspaceId, outcome);
}
