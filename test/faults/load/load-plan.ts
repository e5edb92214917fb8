import type { Random } from '#libs/core';
import { zipf } from './zipf.ts';

/** What happens in the books of a tenant, and when. */
export interface PlannedEvent {
  /** Milliseconds after the start of the load. */
  readonly atMs: number;
  readonly tenant: number;
  readonly kind: EventKind;
}

/**
 * `issue`: a new customer gets an invoice, one message is due. `approve`: the same with a draft that is approved later. `touch`: an
 * issued invoice changes in a way that nobody is told of. `unknown-entity`, `unknown-tenant`: signed webhooks about things that do not
 * exist.
 */
export type EventKind = 'issue' | 'approve' | 'touch' | 'unknown-entity' | 'unknown-tenant';

/** Load L1 of reliability.md section 6, with rate and tenants as the machine can take them. */
export interface LoadShape {
  readonly tenants: number;
  readonly eventsPerSecond: number;
  readonly durationMs: number;
}

const SHARES: readonly (readonly [EventKind, number])[] = [
  ['issue', 0.68],
  ['approve', 0.08],
  ['touch', 0.2],
  // 2 % unknown entities, and as many accounts that nobody connected.
  ['unknown-entity', 0.02],
  ['unknown-tenant', 0.02],
];
const ZIPF_EXPONENT = 1.1;

/** The same seed gives the same plan. Events come as a Poisson process: independent of each other, sometimes many at once. */
export function planLoad(shape: LoadShape, random: Random): PlannedEvent[] {
  const tenantOf = zipf(shape.tenants, ZIPF_EXPONENT, random);
  const events: PlannedEvent[] = [];
  const meanGapMs = 1_000 / shape.eventsPerSecond;
  for (let atMs = 0; ;) {
    atMs += -Math.log(1 - random()) * meanGapMs;
    if (atMs >= shape.durationMs) return events;
    events.push({ atMs, tenant: tenantOf(), kind: kindOf(random()) });
  }
}

function kindOf(point: number): EventKind {
  let left = point;
  for (const [kind, share] of SHARES) {
    left -= share;
    if (left < 0) return kind;
  }
  return 'issue';
}
