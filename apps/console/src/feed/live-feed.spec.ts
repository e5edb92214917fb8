import { describe, expect, it } from 'vitest';
import { ManualClock } from '#libs/core';
import type { OutcomeRow } from '#libs/persistence';
import { outcome, row } from '../testing/outcomes.js';
import { type FeedSource, LiveFeed } from './live-feed.js';

/** A table to which rows are committed in any order. */
class Trail implements FeedSource {
  readonly rows: OutcomeRow[] = [];
  reads = 0;

  commit(...positions: readonly number[]): void {
    for (const position of positions) this.rows.push(row(outcome('fetch', 'fetched', position), position));
    this.rows.sort((a, b) => a.position - b.position);
  }

  after(position: number, limit: number): Promise<OutcomeRow[]> {
    this.reads += 1;
    return Promise.resolve(this.rows.filter((one) => one.position > position).slice(0, limit));
  }

  lastPosition(): Promise<number> {
    return Promise.resolve(this.rows.at(-1)?.position ?? 0);
  }
}

function heardBy(feed: LiveFeed): { readonly heard: number[]; readonly ready: Promise<() => void> } {
  const heard: number[] = [];
  const ready = feed.listen((rows) => heard.push(...rows.map((one) => one.position)));
  return { heard, ready };
}

describe('the live feed', () => {
  it('tells what is new since somebody listens, in order and once', async () => {
    const clock = new ManualClock();
    const trail = new Trail();
    trail.commit(1, 2);
    const feed = new LiveFeed(trail, clock);
    const { heard, ready } = heardBy(feed);
    await ready;
    trail.commit(3, 4);
    await clock.advance(1_000);
    trail.commit(5);
    await clock.advance(1_000);
    await clock.advance(1_000);
    expect(heard).toEqual([3, 4, 5]);
  });

  it('tells of a row that was committed after one above it', async () => {
    const clock = new ManualClock();
    const trail = new Trail();
    const feed = new LiveFeed(trail, clock);
    const { heard, ready } = heardBy(feed);
    await ready;
    trail.commit(1, 4);
    await clock.advance(1_000);
    trail.commit(2);
    await clock.advance(1_000);
    trail.commit(3);
    await clock.advance(1_000);
    expect(heard).toEqual([1, 4, 2, 3]);
  });

  it('does not look for a missing row for ever', async () => {
    const clock = new ManualClock();
    const trail = new Trail();
    const feed = new LiveFeed(trail, clock);
    const { heard, ready } = heardBy(feed);
    await ready;
    trail.commit(1, 3);
    await clock.advance(10_000);
    trail.commit(2);
    await clock.advance(10_000);
    expect(heard).toEqual([1, 3]);
  });

  it('reads a burst to its end', async () => {
    const clock = new ManualClock();
    const trail = new Trail();
    const feed = new LiveFeed(trail, clock);
    const { heard, ready } = heardBy(feed);
    await ready;
    trail.commit(...Array.from({ length: 1_234 }, (_, index) => index + 1));
    await clock.advance(1_000);
    expect(heard).toHaveLength(1_234);
    expect(new Set(heard).size).toBe(1_234);
  });

  it('looks soon when it is told that there is news', async () => {
    const clock = new ManualClock();
    const trail = new Trail();
    const feed = new LiveFeed(trail, clock);
    const { heard, ready } = heardBy(feed);
    await ready;
    trail.commit(1);
    feed.nudge();
    await clock.advance(50);
    expect(heard).toEqual([1]);
  });

  it('does nothing while nobody listens', async () => {
    const clock = new ManualClock();
    const trail = new Trail();
    const feed = new LiveFeed(trail, clock);
    feed.nudge();
    const { heard, ready } = heardBy(feed);
    const stop = await ready;
    stop();
    trail.commit(1);
    feed.nudge();
    await clock.advance(60_000);
    expect(heard).toEqual([]);
    expect(trail.reads).toBe(0);
    expect(clock.nextTimerAt()).toBeUndefined();
  });

  it('goes on after the database was away', async () => {
    const clock = new ManualClock();
    const trail = new Trail();
    const feed = new LiveFeed(trail, clock);
    const { heard, ready } = heardBy(feed);
    await ready;
    const { after } = trail;
    trail.after = () => Promise.reject(new Error('away'));
    trail.commit(1);
    await clock.advance(2_000);
    trail.after = after;
    await clock.advance(1_000);
    expect(heard).toEqual([1]);
  });
});
