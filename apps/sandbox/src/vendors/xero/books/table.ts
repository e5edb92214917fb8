/** What every stored thing has. */
export interface Row {
  readonly id: string;
  /** Epoch milliseconds of the last change that moves UpdatedDateUTC. */
  updatedAt: number;
}

interface Change {
  readonly row: Row;
  readonly at: number;
}

/**
 * Rows in order of creation, with a log of their changes, so that "changed since" reads only what changed and not the
 * whole table. Stale log entries (the row changed again since) are skipped and swept when they outnumber the rows.
 */
export class Table<T extends Row> {
  private readonly rows = new Map<string, T>();
  private readonly order = new Map<string, number>();
  private log: { row: T; at: number }[] = [];
  private created = 0;

  get size(): number {
    return this.rows.size;
  }

  get(id: string): T | undefined {
    return this.rows.get(id.toLowerCase());
  }

  /** In order of creation. */
  values(): IterableIterator<T> {
    return this.rows.values();
  }

  insert(row: T): void {
    this.rows.set(row.id, row);
    this.order.set(row.id, this.created);
    this.created += 1;
    this.log.push({ row, at: row.updatedAt });
  }

  /** Moves the row's time of change. */
  touch(row: T, at: number): void {
    row.updatedAt = at;
    this.log.push({ row, at });
    if (this.log.length > 2 * this.rows.size + 1000) this.log = this.log.filter(isCurrent);
  }

  /** Rows changed at or after `since`, in order of creation, so that a page never loses a row to a change meanwhile. */
  changedSince(since: number): T[] {
    const found = new Set<T>();
    for (let index = this.log.length - 1; index >= 0; index -= 1) {
      const change = this.log[index];
      if (!change || change.at < since) break;
      if (isCurrent(change)) found.add(change.row);
    }
    return [...found].toSorted((a, b) => (this.order.get(a.id) ?? 0) - (this.order.get(b.id) ?? 0));
  }
}

function isCurrent(change: Change): boolean {
  return change.row.updatedAt === change.at;
}
