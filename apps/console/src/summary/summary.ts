import type { Clock } from '#libs/core';
import type { OutcomeCount, OutcomeStore } from '#libs/persistence';
import type { ServiceHealth, ServiceState } from './service-health.js';

/** The last hour in numbers, and how the services are. */
export interface Summary {
  readonly since: number;
  readonly counts: readonly OutcomeCount[];
  readonly services: readonly ServiceState[];
}

const HOUR_MS = 3_600_000;
const FRESH_MS = 2_000;

/** Counts are kept for a moment, so that many open pages cost one query. */
export class SummaryReader {
  private readAt = -Infinity;
  private read: Promise<readonly OutcomeCount[]> = Promise.resolve([]);

  constructor(
    private readonly outcomes: Pick<OutcomeStore, 'countsSince'>,
    private readonly health: ServiceHealth,
    private readonly clock: Clock,
  ) {}

  /** Without the database. */
  services(): Promise<readonly ServiceState[]> {
    return this.health.states();
  }

  async summary(): Promise<Summary> {
    const now = this.clock.now();
    if (now - this.readAt >= FRESH_MS) {
      this.readAt = now;
      this.read = this.outcomes.countsSince(now - HOUR_MS);
      // A failed read must not be kept.
      this.read.catch(() => {
        this.readAt = -Infinity;
      });
    }
    const [counts, services] = await Promise.all([this.read, this.health.states()]);
    return { since: this.readAt - HOUR_MS, counts, services };
  }
}

/** One number for people and what it counts. */
export interface Tile {
  readonly label: string;
  readonly count: number;
  readonly tone: 'good' | 'neutral' | 'waiting' | 'stopped' | 'bad';
  /** The `step/status` pairs that it counts. */
  readonly of: readonly string[];
}

const TILES: readonly {
  readonly label: string;
  readonly tone: Tile['tone'];
  readonly of: readonly string[];
}[] = [
  { label: 'Changes noticed', tone: 'neutral', of: ['accept/accepted'] },
  { label: 'Records read', tone: 'neutral', of: ['fetch/fetched'] },
  { label: 'Messages sent', tone: 'good', of: ['send/sent'] },
  { label: 'Delivered', tone: 'good', of: ['deliver/delivered', 'deliver/read', 'deliver/opened'] },
  { label: 'Passed over', tone: 'stopped', of: ['map/skipped', 'map/cancelled', 'send/skipped'] },
  { label: 'Waiting', tone: 'waiting', of: ['fetch/parked', 'map/parked', 'send/parked'] },
  { label: 'Uncertain', tone: 'waiting', of: ['send/uncertain'] },
  {
    label: 'Failed',
    tone: 'bad',
    of: [
      'send/failed',
      'deliver/undelivered',
      'deliver/failed',
      'accept/dead-lettered',
      'fetch/dead-lettered',
      'map/dead-lettered',
      'send/dead-lettered',
    ],
  },
];

/** The counts as the page shows them. */
export function tilesOf(counts: readonly OutcomeCount[]): Tile[] {
  return TILES.map(({ label, tone, of }) => ({
    label,
    tone,
    of,
    count: counts
      .filter(({ step, status }) => of.includes(`${step}/${status}`))
      .reduce((sum, { count }) => sum + count, 0),
  }));
}
