import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Connection, type FlowDefinition, outcomeOf } from '#libs/contracts';
import { type Clock, systemClock } from '#libs/core';
import { defaultTemplateLimits, InlineRenderer } from '#libs/flows';
import { type RunningService, Secret, startService } from '#libs/platform';
import type { DeadLetterRow, FlowVersion, OutcomeRow } from '#libs/persistence';
import { CONNECTIONS_TABLE, type LogProducer, type ReadTable } from '#libs/streams';
import { httpControllers } from '../console.module.js';
import { prepareHttp } from '../console.service.js';
import { EventStreams } from '../feed/event-streams.js';
import { LiveFeed } from '../feed/live-feed.js';
import { FlowBook } from '../flows/flow-book.js';
import { Operations, type ReplayView } from '../operations/operations.js';
import { OperatorAccess } from '../security/operator-access.js';
import { ServiceHealth } from '../summary/service-health.js';
import { ConnectionList } from '../summary/connection-list.js';
import { SummaryReader } from '../summary/summary.js';
import { DATABASE } from '../tokens.js';
import { FlowTrial } from '../trials/flow-trial.js';

/** What the pages show; tests change it while the console runs. */
export class ShownData {
  outcomes: OutcomeRow[] = [];
  deadLetters: DeadLetterRow[] = [];
  connections: Connection[] = [];
  flows: FlowVersion[] = [];
  replays: ReplayView[] = [];
  /** Thrown by every read, to show a database that is away. */
  failure: Error | undefined;

  /** Appends outcomes as the audit trail would. */
  add(...outcomes: readonly Parameters<typeof outcomeOf>[0][]): void {
    for (const parts of outcomes) {
      const outcome = outcomeOf(parts);
      const position = this.outcomes.length + 1;
      this.outcomes.push({
        ...outcome,
        webhookIds: [...outcome.webhookIds],
        noticeIds: [...outcome.noticeIds],
        position,
      });
    }
  }

  readonly database = {
    outcomes: {
      latest: (_filter: object, limit: number) => this.read([...this.outcomes].reverse().slice(0, limit)),
      trace: (id: string, { workspaceId }: { workspaceId?: string | undefined } = {}) =>
        this.read(
          this.outcomes.filter(
            (one) => isAbout(one, id) && [undefined, one.workspaceId].includes(workspaceId),
          ),
        ),
      after: (position: number, limit: number) =>
        this.read(this.outcomes.filter((one) => one.position > position).slice(0, limit)),
      lastPosition: () => this.read(this.outcomes.length),
      countsSince: () => this.read(counted(this.outcomes)),
      lastRefreshes: () => this.read(lastRefreshes(this.outcomes)),
    },
    deadLetters: { list: () => this.read(this.deadLetters) },
  };

  readonly operations = {
    listReplays: () => this.read(this.replays),
    cancelReplay: (replayId: string) => {
      this.replays = this.replays.map((replay) =>
        replay.replayId === replayId ? { ...replay, status: 'cancelled' as const } : replay,
      );
      return this.read(undefined);
    },
  };

  readonly flowStore = {
    listCurrent: () => this.read(this.flows),
    current: (flowId: string) => this.read(this.flows.find((flow) => flow.flowId === flowId) ?? null),
    history: (flowId: string) => this.read(this.flows.filter((flow) => flow.flowId === flowId)),
    add: (flow: FlowVersion) => {
      this.flows = [flow, ...this.flows];
      return this.read(true);
    },
  };

  private read<T>(value: T): Promise<T> {
    return this.failure ? Promise.reject(this.failure) : Promise.resolve(value);
  }
}

/** A console without Kafka and PostgreSQL: the real HTTP side over data in memory. */
export interface PagesUnderTest {
  readonly url: string;
  readonly token: string;
  readonly data: ShownData;
  readonly stop: () => Promise<boolean>;
}

/** What a test may set. */
export interface PagesOptions {
  readonly publicBaseUrl?: string;
  readonly clock?: Clock;
}

/** Starts it on a free port. */
export async function startPages(options: PagesOptions = {}): Promise<PagesUnderTest> {
  const token = `operator-${randomUUID()}`;
  const data = new ShownData();
  const clock = options.clock ?? systemClock;
  const service: RunningService<unknown> = await startService(
    {
      name: 'console',
      config: z.object({}),
      module: () => ({
        module: PagesModule,
        controllers: httpControllers,
        providers: providersOf(data, new Secret(token), clock, options),
      }),
      prepare: (app) => prepareHttp(app, options.publicBaseUrl),
    },
    { environment: { PORT: '0', LOG_LEVEL: 'silent' } },
  );
  return { url: service.url, token, data, stop: () => service.stop('test over') };
}

class PagesModule {}

function providersOf(data: ShownData, token: Secret, clock: Clock, options: PagesOptions) {
  const feed = new LiveFeed(data.database.outcomes, clock, { pollMs: 50, settleMs: 10 });
  const connections = tableOf(
    () => data.connections,
    (connection) => connection.connectionId,
  );
  return [
    { provide: DATABASE, useValue: data.database },
    // Of the operations, which need a log to look back into and have specs of their own, pages show replays.
    { provide: Operations, useValue: data.operations },
    { provide: FlowTrial, useValue: {} },
    { provide: CONNECTIONS_TABLE, useValue: connections },
    { provide: ConnectionList, useValue: new ConnectionList(connections, data.database.outcomes) },
    { provide: EventStreams, useValue: new EventStreams({ feed, source: data.database.outcomes, clock }) },
    {
      provide: SummaryReader,
      useValue: new SummaryReader(data.database.outcomes, new ServiceHealth([], clock), clock),
    },
    {
      provide: OperatorAccess,
      useValue: new OperatorAccess({
        token,
        sessionHours: 12,
        secure: options.publicBaseUrl?.startsWith('https://') ?? false,
        clock,
      }),
    },
    {
      provide: FlowBook,
      useValue: new FlowBook({
        store: data.flowStore,
        producer: silentProducer,
        published: tableOf<FlowDefinition>(
          () => [],
          (flow) => flow.flowId,
        ),
        connections,
        withRenderer: (use) => use(new InlineRenderer({ ...defaultTemplateLimits, renderMs: 2_000 })),
        clock,
        onPublishFailed: () => undefined,
      }),
    },
  ];
}

const silentProducer: LogProducer = { send: () => Promise.resolve(), sendAll: () => Promise.resolve() };

function tableOf<T>(rows: () => readonly T[], keyOf: (row: T) => string): ReadTable<T> {
  return {
    get: (key) => rows().find((row) => keyOf(row) === key),
    values: () => rows(),
    onChange: () => undefined,
    complete: true,
  };
}

function lastRefreshes(outcomes: readonly OutcomeRow[]) {
  const told = outcomes.flatMap(({ connectionId, status, at, detail }) =>
    connectionId !== null && status.startsWith('refresh-') ? [{ connectionId, status, at, detail }] : [],
  );
  return [...new Map(told.map((one) => [one.connectionId, one])).values()];
}

function isAbout(outcome: OutcomeRow, id: string): boolean {
  const ids = [
    outcome.commandId,
    outcome.recordId,
    outcome.messageSid,
    outcome.entityId,
    outcome.entityNumber,
  ];
  return ids.includes(id) || outcome.noticeIds.includes(id) || outcome.webhookIds.includes(id);
}

function counted(outcomes: readonly OutcomeRow[]) {
  const counts = new Map<string, { step: string; status: string; count: number }>();
  for (const { step, status } of outcomes) {
    const known = counts.get(`${step}/${status}`) ?? { step, status, count: 0 };
    counts.set(`${step}/${status}`, { ...known, count: known.count + 1 });
  }
  return [...counts.values()];
}
