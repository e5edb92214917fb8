import { Registry } from 'prom-client';
import { beforeEach, describe, expect, test } from 'vitest';
import { createStreamsMetrics, type StreamsMetrics } from './streams.metrics.js';

let registry: Registry;
let events: StreamsMetrics['groupEvents'];
beforeEach(() => {
  registry = new Registry();
  events = createStreamsMetrics(registry, 'mapper', () => []).groupEvents;
});

async function lags(name = 'consumer_lag_records'): Promise<Record<string, number>> {
  const metric = await registry.getSingleMetric(name)?.get();
  const values = metric?.values ?? [];
  return Object.fromEntries(
    values.map(({ labels, value }) => [`${String(labels['topic'])}/${String(labels['partition'])}`, value]),
  );
}

const behind = (partition: number, records: number) => ({ topic: 'records', partition, records, heldMs: 0 });

describe('the lag of a member', () => {
  test('is told of its own partitions alone: what others took over is theirs to tell', async () => {
    events.joined('me', [0, 1]);
    events.fetched([behind(0, 7), behind(1, 50_000), { ...behind(1, 3), topic: 'connections' }]);
    expect(await lags()).toEqual({ 'records/0': 7, 'records/1': 50_000, 'connections/1': 3 });
    events.joined('me', [0]);
    expect(await lags()).toEqual({ 'records/0': 7 });
  });

  test('does not come back with a late answer to a fetch of before', async () => {
    events.joined('me', [0, 1]);
    events.joined('me', [0]);
    events.fetched([behind(0, 1), behind(1, 50_000)]);
    expect(await lags()).toEqual({ 'records/0': 1 });
  });

  test('is told again of a partition that came back', async () => {
    events.joined('me', [1]);
    events.fetched([behind(1, 9)]);
    events.joined('me', []);
    events.joined('me', [1]);
    events.fetched([behind(1, 2)]);
    expect(await lags()).toEqual({ 'records/1': 2 });
  });

  test('goes with the time for which a transaction has held reading back', async () => {
    events.joined('me', [0, 1]);
    events.fetched([{ ...behind(0, 7), heldMs: 61_500 }, behind(1, 0)]);
    expect(await lags('consumer_held_seconds')).toEqual({ 'records/0': 61.5, 'records/1': 0 });
    events.joined('me', [1]);
    expect(await lags('consumer_held_seconds')).toEqual({ 'records/1': 0 });
  });
});
