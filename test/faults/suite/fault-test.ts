import type { Random } from '#libs/core';
import type { Verdict } from '../check/invariants.ts';
import type { World } from '../world/world.ts';

/** What a fault is given to work with. */
export interface FaultRun {
  readonly world: World;
  /** How long the fault is active; before and after it there is load without it. */
  readonly activeMs: number;
  readonly random: Random;
  /** Events a second that the load may make. */
  readonly eventsPerSecond: number;
  /** Whether times are judged and not only told: `npm test` runs on machines of any speed and judges none. */
  readonly judgesSpeed: boolean;
  /** Says what is going on. */
  readonly note: (text: string) => void;
}

/** One row of the report. */
export interface FaultReport extends Verdict {
  /** How often the fault struck. A fault that never struck has shown nothing and counts as failed. */
  readonly injected: number;
  readonly events: number;
  /** From the end of the fault until everything owed by then was settled. */
  readonly recoveryMs: number | undefined;
  /** Figures that reliability.md asks for, by their name. */
  readonly figures: Readonly<Record<string, string | number>>;
}

/** One fault of reliability.md section 6. */
export interface FaultTest {
  /** `F1` … */
  readonly id: string;
  readonly title: string;
  /** How much of the time it gets, compared with others; 1 is usual. */
  readonly weight: number;
  /** Part of the short form that `npm test` runs. */
  readonly short: boolean;
  /** Needs no running system: the suite starts none for it alone. */
  readonly alone?: boolean;
  run(run: FaultRun): Promise<FaultReport>;
}

/** A report of something that has no messages to count. */
export function plainReport(
  parts: Pick<FaultReport, 'injected' | 'failures' | 'figures'> & Partial<FaultReport>,
): FaultReport {
  return {
    events: 0,
    effects: 0,
    lost: 0,
    duplicated: 0,
    uncertain: 0,
    uncertainEnds: {},
    recoveryMs: undefined,
    ...parts,
  };
}
