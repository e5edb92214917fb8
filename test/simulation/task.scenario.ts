import { runtimeStores, schemaOf, type StoreDefinition, type Topic, topics } from '#libs/contracts';
import { LedgerwireError, sleep } from '#libs/core';
import {
  Consume,
  ConsumeBatch,
  type DueTimer,
  type InputRecord,
  OnTimer,
  type Scenario,
  type ScenarioRun,
  type ScenarioStep,
  type SimulatedProcess,
  type SimulatedWorld,
  StreamPipeline,
  type TaskContext,
} from '#libs/streams';

/** What a deed does to its handler. */
type Manner = 'plain' | 'slow' | 'parks' | 'retries' | 'poison' | 'two-steps' | 'timer';

interface Deed {
  readonly id: string;
  readonly account: string;
  readonly manner: string;
}

interface Echo {
  readonly id: string;
  readonly account: string;
  /** How many deeds of the account were handled, this one included. */
  readonly count: number;
}

interface Total {
  readonly count: number;
}

interface Intent {
  readonly at: number;
}

const text = 'string';
const deedSchema = schemaOf<Deed>(record('Deed', { id: text, account: text, manner: text }));
const echoSchema = schemaOf<Echo>(record('Echo', { id: text, account: text, count: 'int' }));

const deeds = chain('deeds', deedSchema);
const bulkDeeds = chain('bulk-deeds', deedSchema);
const echoes = chain('echoes', echoSchema);

const stores = {
  totals: { name: 'totals', schema: schemaOf<Total>(record('Total', { count: 'int' })) },
  intents: { name: 'intents', schema: schemaOf<Intent>(record('Intent', { at: 'double' })) },
};

const SERVICE = 'counter';
const TIMER_MS = 4_000;

/** Counts deeds per account and echoes each: state and outputs that betray every loss, repetition and change of order. */
@StreamPipeline({ stores, outputs: [echoes] })
class Counter {
  constructor(private readonly process: SimulatedProcess) {}

  @Consume(deeds, { lane: ({ value }) => value.account })
  async onDeed({ value, attempt }: InputRecord<Deed>, context: TaskContext): Promise<void> {
    await this.act(value, attempt, context);
    this.count(value, context);
  }

  @ConsumeBatch(bulkDeeds, { lane: ({ value }) => value.account, maxBatch: 5 })
  async onBulk(records: readonly InputRecord<Deed>[], context: TaskContext): Promise<void> {
    for (const { value, attempt } of records) {
      await this.act(value, attempt, context);
      this.count(value, context);
    }
  }

  @OnTimer('later')
  onLater(timer: DueTimer, context: TaskContext): Promise<void> {
    const { account } = timer.payload as { account: string };
    context.emit(echoes, account, { id: `${timer.key} later`, account, count: 0 });
    return Promise.resolve();
  }

  private async act(deed: Deed, attempt: number, context: TaskContext): Promise<void> {
    this.process.surroundings.history.note(this.process.name, () => `handles ${deed.id}, try ${attempt}`);
    switch (deed.manner as Manner) {
      case 'slow':
        await sleep(this.process.clock, 300, context.signal);
        return;
      case 'parks':
        if (attempt < 3) throw failure('busy', 'park', 700);
        return;
      case 'retries':
        if (attempt < 2) throw failure('flaky', 'retry');
        return;
      case 'poison':
        throw failure('poison', 'dead-letter');
      case 'two-steps':
        context.store(stores.intents).put(deed.id, { at: context.now() });
        await context.commit();
        await sleep(this.process.clock, 20, context.signal);
        return;
      case 'timer':
        context.setTimer({
          name: 'later',
          key: deed.id,
          fireAt: context.now() + TIMER_MS,
          lane: deed.account,
          payload: { account: deed.account },
        });
    }
  }

  private count({ id, account }: Deed, context: TaskContext): void {
    const totals = context.store(stores.totals);
    const count = (totals.get(account)?.count ?? 0) + 1;
    totals.put(account, { count });
    context.emit(echoes, account, { id, account, count });
  }
}

/** Two processes share two partitions of deeds while everything around them fails. */
export const taskScenario: Scenario = {
  name: 'task',
  harassEveryMs: 1_500,
  prepare: (world) => new TaskRun(world),
};

class TaskRun implements ScenarioRun {
  readonly faultsMs = 12_000;
  readonly settleMs = 300_000;
  readonly lookEveryMs = 250;
  readonly steps: readonly ScenarioStep[];
  /** Deeds that were written, by account, in order. */
  private readonly written = new Map<string, Deed[]>();
  private readonly service;

  constructor(private readonly world: SimulatedWorld) {
    const { chance } = world;
    this.service = world.run({
      name: SERVICE,
      replicas: chance.between(1, 2),
      settings: {
        maxInFlight: chance.pick([1, 4, 64]),
        maxInFlightPerKey: chance.pick([1, 2, 16]),
        maxBacklog: chance.pick([2, 10, 200]),
        commitLingerMs: chance.pick([0, 0, 5, 50]),
        maxTransactionBytes: chance.pick([200, 2_000, 900_000]),
        retry: { baseMs: 100, capMs: 1_000, deadlineMs: 86_400_000 },
        drainTimeoutMs: chance.pick([100, 1_000]),
      },
      group: {
        sessionTimeoutMs: 3_000,
        rebalanceTimeoutMs: 2_000,
        heartbeatIntervalMs: 700,
        fetchMaxWaitMs: 1_000,
        transactionTimeoutMs: 4_000,
      },
      handlers: (process) => [new Counter(process)],
    });
    this.steps = Array.from({ length: chance.between(8, 30) }, (_, i) => this.planDeed(i));
  }

  settled(): boolean {
    // What the log says, not what memory says: a commit that is under way may still fail.
    return (
      this.service.drained && this.left(runtimeStores.parked) === 0 && this.left(runtimeStores.timers) === 0
    );
  }

  missing(): string {
    const { ready, load } = this.service;
    const { parked, timers } = runtimeStores;
    return `ready ${ready}, backlog ${load.backlog}, parked ${this.left(parked)}, timers ${this.left(timers)}`;
  }

  check(): string[] {
    const seen = this.world.records(echoes);
    const letters = this.world.records(topics.deadLetters).length;
    const broken: string[] = [];
    let poisons = 0;
    for (const [account, all] of this.written) {
      const good = all.filter(({ manner }) => manner !== 'poison');
      poisons += all.length - good.length;
      const counted = seen.filter(({ value }) => value.account === account && value.count > 0);
      broken.push(
        ...compare(
          account,
          good.map(({ id }) => id),
          counted.map(({ value }) => value),
        ),
      );
      const late = seen.filter(({ value }) => value.account === account && value.count === 0);
      const timers = all.filter(({ manner }) => manner === 'timer').map(({ id }) => `${id} later`);
      const fired = late.map(({ value }) => value.id);
      if (fired.toSorted().join() !== timers.toSorted().join())
        broken.push(`timers of ${account}: wanted ${timers.join(' ')}, fired ${fired.join(' ')}`);
    }
    if (letters !== poisons) broken.push(`${poisons} poison deeds gave ${letters} dead letters`);
    return broken;
  }

  private left(store: StoreDefinition<unknown>): number {
    return this.world.stored(SERVICE, store).size;
  }

  private planDeed(i: number): ScenarioStep {
    const { chance } = this.world;
    const bulk = chance.random() < 0.3;
    const tenant = `tenant-${chance.between(1, 3)}`;
    const account = `${tenant}/${bulk ? 'bulk' : 'single'}-${chance.between(1, 2)}`;
    const manner: Manner = chance.pick([
      'plain',
      'plain',
      'plain',
      'slow',
      'parks',
      'retries',
      'poison',
      'timer',
      // A commit half-way would commit what was done for others of a batch.
      bulk ? 'plain' : 'two-steps',
    ]);
    const deed: Deed = { id: `d${i}`, account, manner };
    return {
      atMs: chance.between(0, 9_000),
      name: `deed ${deed.id} (${manner}) of ${account}`,
      run: () => {
        this.world.write(bulk ? bulkDeeds : deeds, tenant, deed);
        const all = this.written.get(account);
        if (all) all.push(deed);
        else this.written.set(account, [deed]);
      },
    };
  }
}

/** Each once, in order, and the count in the state never wrong. */
function compare(account: string, wanted: readonly string[], echoed: readonly Echo[]): string[] {
  const ids = echoed.map(({ id }) => id);
  const counts = echoed.map(({ count }) => count);
  const broken: string[] = [];
  if (ids.join() !== wanted.join())
    broken.push(`${account}: written ${wanted.join(' ')}, handled ${ids.join(' ')}`);
  if (counts.some((count, i) => count !== i + 1))
    broken.push(`${account}: the state counted ${counts.join(' ')}`);
  return broken;
}

function failure(
  code: string,
  disposition: 'park' | 'retry' | 'dead-letter',
  retryAfterMs?: number,
): LedgerwireError {
  return new LedgerwireError(code, { code, disposition, retryAfterMs });
}

function record(name: string, fields: Readonly<Record<string, string>>): object {
  return {
    type: 'record',
    name,
    namespace: 'simulation',
    fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })),
  };
}

function chain<T>(name: string, schema: Topic<T>['schema']): Topic<T> {
  return { name, schema, key: 'tenant', policy: { kind: 'delete', retentionDays: 1 }, partitions: 'chain' };
}
