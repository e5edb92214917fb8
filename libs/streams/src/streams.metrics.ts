import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { GroupConsumerEvents } from './kafka/group-consumer.js';
import type { TaskEvents } from './task/task-events.js';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The runtime's metrics, on the registry of the service. */
export interface StreamsMetrics {
  readonly taskEvents: Pick<TaskEvents, 'handled' | 'committed' | 'restored' | 'lost'>;
  readonly groupEvents: Pick<GroupConsumerEvents, 'joined' | 'rebalancing' | 'failed' | 'fetched'>;
}

/** @param describe what the tasks hold at the moment of scraping. */
export function createStreamsMetrics(
  registry: Registry,
  group: string,
  describe: () => readonly {
    readonly partition: number;
    readonly backlog: number;
    readonly parked: number;
  }[],
): StreamsMetrics {
  const registers = [registry];
  const results = new Counter({
    name: 'stream_results_total',
    help: 'Handler calls by how they ended.',
    labelNames: ['handler', 'outcome'] as const,
    registers,
  });
  const durations = new Histogram({
    name: 'stream_handler_duration_seconds',
    help: 'Time from the start of a handler to its end.',
    labelNames: ['handler', 'outcome'] as const,
    buckets: SECONDS,
    registers,
  });
  const transactions = new Histogram({
    name: 'stream_transaction_duration_seconds',
    help: 'Time a Kafka transaction takes, from its first request to the acknowledged commit.',
    buckets: SECONDS,
    registers,
  });
  const records = new Counter({
    name: 'stream_transaction_records_total',
    help: 'Records written in committed transactions, state entries included.',
    registers,
  });
  const restores = new Histogram({
    name: 'state_store_restore_duration_seconds',
    help: 'Time to read a state store back from its changelog.',
    labelNames: ['store'] as const,
    buckets: SECONDS,
    registers,
  });
  const reopened = new Counter({
    name: 'stream_tasks_lost_total',
    help: 'Tasks that were closed and opened again because a transaction did not surely succeed.',
    registers,
  });
  const rebalances = new Counter({
    name: 'stream_rebalances_total',
    help: 'Times this member joined its consumer group.',
    registers,
  });
  const failures = new Counter({
    name: 'stream_consumer_failures_total',
    help: 'Failed requests of the consumer loop; it goes on by itself.',
    registers,
  });
  const lag = new Gauge({
    name: 'consumer_lag_records',
    help: 'Records between the reading position and the end of the partition at the last read; control records count.',
    labelNames: ['topic', 'group', 'partition'] as const,
    registers,
  });
  const held = new Gauge({
    name: 'consumer_held_seconds',
    help: 'For how long reading has stood before a transaction that has not ended; seconds are much, minutes a fault of the broker.',
    labelNames: ['topic', 'group', 'partition'] as const,
    registers,
  });
  const lagSeries = new Map<string, { readonly topic: string; readonly partition: number }>();
  let owned: ReadonlySet<number> = new Set();
  gauge(
    'stream_backlog_records',
    'Records in memory that wait for or are in a handler.',
    ({ backlog }) => backlog,
  );
  gauge('stream_parked_records', 'Records that wait for their time.', ({ parked }) => parked);

  return {
    taskEvents: {
      handled: (handler, outcome, durationMs) => {
        results.inc({ handler, outcome });
        durations.observe({ handler, outcome }, durationMs / 1_000);
      },
      committed: (count, durationMs) => {
        records.inc(count);
        transactions.observe(durationMs / 1_000);
      },
      restored: (store, _entries, durationMs) => restores.observe({ store }, durationMs / 1_000),
      lost: () => reopened.inc(),
    },
    groupEvents: {
      joined: (_memberId, partitions) => {
        rebalances.inc();
        owned = new Set(partitions);
        // Whoever has a partition now tells its lag; ours would stay what it was for as long as this process lives.
        for (const [key, { topic, partition }] of lagSeries) {
          if (owned.has(partition)) continue;
          lag.remove({ topic, group, partition });
          held.remove({ topic, group, partition });
          lagSeries.delete(key);
        }
      },
      rebalancing: () => undefined,
      failed: () => failures.inc(),
      fetched: (partitions) => {
        for (const { topic, partition, records: behind, heldMs } of partitions) {
          // An answer to a fetch of an earlier membership.
          if (!owned.has(partition)) continue;
          lag.set({ topic, group, partition }, behind);
          held.set({ topic, group, partition }, heldMs / 1_000);
          lagSeries.set(`${topic}/${partition}`, { topic, partition });
        }
      },
    },
  };

  function gauge(
    name: string,
    help: string,
    valueOf: (task: ReturnType<typeof describe>[number]) => number,
  ): void {
    new Gauge({
      name,
      help,
      labelNames: ['partition'] as const,
      registers,
      collect() {
        this.reset();
        for (const task of describe()) this.set({ partition: task.partition }, valueOf(task));
      },
    });
  }
}
