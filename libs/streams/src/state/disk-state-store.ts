import type { StatementSync } from 'node:sqlite';
import type { Topic } from '#libs/contracts';
import type { StateDatabase } from './state-database.js';
import type { StateStore } from './state-store.js';

/**
 * A store whose entries lie in the task's local file; in memory are only changes that are not in it yet. Keys are stored as bytes:
 * texts with NUL in them keep their order.
 */
export class DiskStateStore implements StateStore {
  private readonly unwritten = new Map<string, Buffer | undefined>();
  private readonly statements: Readonly<Record<'get' | 'put' | 'remove' | 'scan' | 'count', StatementSync>>;

  /** @param table its table in the database, which is created when it is not there */
  constructor(
    readonly topic: Topic<unknown>,
    private readonly database: StateDatabase,
    private readonly table: string,
  ) {
    database.createTable(table);
    this.statements = {
      get: database.prepare(`SELECT value FROM "${table}" WHERE key = ?`),
      put: database.prepare(`INSERT OR REPLACE INTO "${table}" (key, value, at) VALUES (?, ?, ?)`),
      remove: database.prepare(`DELETE FROM "${table}" WHERE key = ?`),
      scan: database.prepare(`SELECT key, at FROM "${table}" WHERE key > ? ORDER BY key LIMIT ?`),
      count: database.prepare(`SELECT count(*) AS n FROM "${table}"`),
    };
  }

  get size(): number {
    return Number(this.statements.count.get()?.['n'] ?? 0);
  }

  get(key: string): Buffer | undefined {
    if (this.unwritten.has(key)) return this.unwritten.get(key);
    return this.database.guard(() => bufferOf(this.statements.get.get(Buffer.from(key))?.['value']));
  }

  set(key: string, value: Buffer | undefined): void {
    this.unwritten.set(key, value);
  }

  /** Writes a committed change to the file; joins the database's transaction that is under way. */
  write(key: string, value: Buffer | undefined, at: number): void {
    this.database.write(() => {
      if (value === undefined) this.statements.remove.run(Buffer.from(key));
      else this.statements.put.run(Buffer.from(key), value, at);
    });
  }

  /** Told when a change is surely in the file: it need not be in memory any more. */
  kept(key: string, value: Buffer | undefined): void {
    // A later change of the same key may wait for its own transaction.
    if (this.unwritten.get(key) === value) this.unwritten.delete(key);
  }

  *range(prefix: string): Iterable<readonly [string, Buffer]> {
    const changed = [...this.unwritten].filter(([key]) => key.startsWith(prefix)).sort(byKey);
    let next = 0;
    // A statement of its own: two ranges may be under way at once.
    const rows = this.database.prepare(
      `SELECT key, value FROM "${this.table}" WHERE key >= ? AND key < ? ORDER BY key`,
    );
    for (const row of rows.iterate(Buffer.from(prefix), endOf(prefix))) {
      const key = bufferOf(row['key'])?.toString() ?? '';
      for (let change = changed[next]; change && change[0] < key; change = changed[next]) {
        next += 1;
        if (change[1]) yield [change[0], change[1]];
      }
      const value = bufferOf(row['value']);
      if (value && !this.unwritten.has(key)) yield [key, value];
      else if (changed[next]?.[0] === key) {
        const changedValue = changed[next]?.[1];
        next += 1;
        if (changedValue) yield [key, changedValue];
      }
    }
    for (const [key, value] of changed.slice(next)) if (value) yield [key, value];
  }

  scan(after: string, limit: number): { key: string; at: number }[] {
    return this.statements.scan.all(Buffer.from(after), limit).map((row) => {
      const key = bufferOf(row['key'])?.toString() ?? '';
      // Written just now, and not in the file yet: not old, whatever that says.
      return { key, at: this.unwritten.has(key) ? Number.POSITIVE_INFINITY : Number(row['at']) };
    });
  }
}

/** The first key beyond all that begin with the prefix: UTF-8 has no byte 0xff. */
function endOf(prefix: string): Buffer {
  return Buffer.concat([Buffer.from(prefix), Buffer.from([0xff])]);
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function bufferOf(value: unknown): Buffer | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
