/** What the scheduler needs to know of a piece of work. */
export interface LaneItem {
  /** Work of one lane runs one piece after the other. */
  readonly lane: string;
  /** What shares fairly: usually the connection. */
  readonly group: string;
  /** At most so many pieces of the group run at once; the bound of the scheduler when not given. */
  readonly groupLimit?: number | undefined;
  /** How many waiting pieces of the lane may run together, as one. */
  readonly maxBatch: number;
  /** Only pieces with the same handler run together. */
  readonly handler: unknown;
}

/** Bounds of what runs at once. */
export interface LaneLimits {
  readonly maxInFlight: number;
  readonly maxInFlightPerGroup: number;
}

interface Lane<I> {
  readonly name: string;
  readonly group: string;
  readonly waiting: I[];
  running: boolean;
}

interface Group<I> {
  inFlight: number;
  readonly limit: number;
  readonly ready: Lane<I>[];
}

/**
 * Runs work side by side across lanes and in order inside a lane. Groups take turns, and each has a bound of its own, so that
 * a tenant with much or slow work takes no more than its share.
 */
export class LaneScheduler<I extends LaneItem> {
  private readonly lanes = new Map<string, Lane<I>>();
  private readonly groups = new Map<string, Group<I>>();
  /** Groups with a ready lane and room, in the order of their turns. */
  private readonly turns = new Set<string>();
  private readonly idleWaiters: (() => void)[] = [];
  private inFlightCount = 0;
  private readonly waitingByGroup = new Map<string, number>();
  private waitingCount = 0;
  private suspended = false;

  constructor(
    private readonly limits: LaneLimits,
    /** Runs one or more pieces of one lane; never rejects. */
    private readonly run: (items: readonly I[]) => Promise<unknown>,
  ) {}

  /** Pieces of work that wait or run. */
  get backlog(): number {
    return this.waitingCount + this.inFlightCount;
  }

  get inFlight(): number {
    return this.inFlightCount;
  }

  enqueue(item: I): void {
    let lane = this.lanes.get(item.lane);
    if (!lane) {
      lane = { name: item.lane, group: item.group, waiting: [], running: false };
      this.lanes.set(item.lane, lane);
    }
    lane.waiting.push(item);
    this.countWaiting(lane.group, 1);
    if (lane.waiting.length === 1 && !lane.running) this.makeReady(lane, item.groupLimit);
    this.dispatch();
  }

  /** Pieces of work of one group that wait. */
  waitingIn(group: string): number {
    return this.waitingByGroup.get(group) ?? 0;
  }

  /** Whether something of the lane waits or runs. */
  isBusy(laneName: string): boolean {
    return this.lanes.has(laneName);
  }

  /** Takes out what waits in a lane, has not begun and is wanted, in order. */
  takeWaiting<W extends I>(laneName: string, wanted: (item: I) => item is W): W[] {
    const lane = this.lanes.get(laneName);
    if (!lane) return [];
    const taken = lane.waiting.filter(wanted);
    const kept = lane.waiting.filter((item) => !wanted(item));
    lane.waiting.splice(0, lane.waiting.length, ...kept);
    this.countWaiting(lane.group, -taken.length);
    return taken;
  }

  /** Starts nothing new until {@link resume}; what runs goes on. */
  suspend(): void {
    this.suspended = true;
  }

  resume(): void {
    this.suspended = false;
    this.dispatch();
  }

  /** Resolves when nothing runs (and, unless suspended, nothing waits). */
  async idle(): Promise<void> {
    while (this.inFlightCount > 0 || (!this.suspended && this.waitingCount > 0)) {
      await new Promise<void>((resolve) => {
        this.idleWaiters.push(resolve);
      });
    }
  }

  private makeReady(lane: Lane<I>, limit = this.limits.maxInFlightPerGroup): void {
    let group = this.groups.get(lane.group);
    if (!group) {
      group = { inFlight: 0, limit, ready: [] };
      this.groups.set(lane.group, group);
    }
    group.ready.push(lane);
    if (group.inFlight < group.limit) this.turns.add(lane.group);
  }

  private dispatch(): void {
    while (!this.suspended && this.inFlightCount < this.limits.maxInFlight) {
      const [name] = this.turns;
      if (name === undefined) return;
      this.turns.delete(name);
      const group = this.groups.get(name);
      const lane = group?.ready.shift();
      if (!group || !lane) continue;
      const items = this.takeBatch(lane);
      if (items.length > 0) this.start(lane, group, items);
      if (group.ready.length > 0 && group.inFlight < group.limit) this.turns.add(name);
    }
  }

  private takeBatch(lane: Lane<I>): I[] {
    const first = lane.waiting[0];
    if (!first) {
      this.forget(lane);
      return [];
    }
    let count = 1;
    while (count < first.maxBatch && lane.waiting[count]?.handler === first.handler) count += 1;
    this.countWaiting(lane.group, -count);
    return lane.waiting.splice(0, count);
  }

  private start(lane: Lane<I>, group: Group<I>, items: readonly I[]): void {
    lane.running = true;
    group.inFlight += 1;
    this.inFlightCount += 1;
    void this.run(items).then(() => {
      lane.running = false;
      group.inFlight -= 1;
      this.inFlightCount -= 1;
      if (lane.waiting.length > 0) this.makeReady(lane);
      else this.forget(lane);
      if (group.ready.length > 0) this.turns.add(lane.group);
      else if (group.inFlight === 0) this.groups.delete(lane.group);
      this.dispatch();
      for (const wake of this.idleWaiters.splice(0)) wake();
    });
  }

  private countWaiting(group: string, change: number): void {
    this.waitingCount += change;
    const count = this.waitingIn(group) + change;
    if (count > 0) this.waitingByGroup.set(group, count);
    else this.waitingByGroup.delete(group);
  }

  private forget(lane: Lane<I>): void {
    if (!lane.running && lane.waiting.length === 0) this.lanes.delete(lane.name);
  }
}
