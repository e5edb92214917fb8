import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

/** How far a changelog is in the file. */
export interface Checkpoint {
  /** The next offset that the file lacks. */
  readonly nextOffset: number;
  /** When that was written, epoch milliseconds. */
  readonly at: number;
}

const FORMAT = 2;
const CACHE_KIB = 2_000;
const RESTORING_CACHE_KIB = 4_000;

/**
 * The local file of one task's large stores: a cache of its changelogs that may be deleted at any time. SQLite in WAL mode with
 * synchronous=NORMAL: a killed process or a power cut leaves an earlier, consistent state, checkpoints included
 * (https://www.sqlite.org/wal.html); the changelog has the rest. A file that cannot be read is thrown away.
 */
export class StateDatabase {
  private database: DatabaseSync;
  private checkpoints: { readonly read: StatementSync; readonly write: StatementSync };
  private writing = false;

  /** @throws when the folder cannot be written, or another process has the file open. */
  constructor(private readonly file: string) {
    mkdirSync(dirname(file), { recursive: true });
    try {
      this.database = open(file);
    } catch (error) {
      if (!isDamaged(error)) throw error;
      removeFiles(file);
      this.database = open(file);
    }
    this.checkpoints = prepareCheckpoints(this.database);
  }

  /**
   * Says of which log the file is to be a cache, and empties it when it was one of another: offsets and schema ids mean something
   * else there.
   */
  adopt(logId: string): void {
    const kept = this.database.prepare('SELECT id FROM log').get();
    if (kept?.['id'] === logId) return;
    const tables = this.database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    this.write(() => {
      for (const { name } of tables) this.database.exec(`DELETE FROM "${String(name)}"`);
      this.database.prepare('INSERT INTO log (id) VALUES (?)').run(logId);
    });
  }

  /** How far the changelog is in the file; undefined when nothing of it is. */
  checkpointOf(changelog: string): Checkpoint | undefined {
    const row = this.checkpoints.read.get(changelog);
    return row ? { nextOffset: Number(row['nextOffset']), at: Number(row['at']) } : undefined;
  }

  setCheckpoint(changelog: string, checkpoint: Checkpoint): void {
    this.checkpoints.write.run(changelog, checkpoint.nextOffset, checkpoint.at);
  }

  /** Makes sure that the table is there. Names come from store definitions: letters, digits and dashes. */
  createTable(name: string): void {
    this.database.exec(
      `CREATE TABLE IF NOT EXISTS "${name}" (key BLOB PRIMARY KEY, value BLOB NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID, STRICT`,
    );
  }

  /** Empties a table and forgets its checkpoint. */
  clear(name: string, changelog: string): void {
    this.database.exec(`DELETE FROM "${name}"`);
    this.database.prepare('DELETE FROM checkpoints WHERE changelog = ?').run(changelog);
  }

  /** Headers of the schemas that values in the file were written with (`wire-format.ts`). */
  schemaHeaders(): Buffer[] {
    const rows = this.database.prepare('SELECT header FROM schemas').all();
    return rows.flatMap(({ header }) => (header instanceof Uint8Array ? [Buffer.from(header)] : []));
  }

  rememberSchemaHeader(header: Buffer): void {
    this.database.prepare('INSERT OR IGNORE INTO schemas (header) VALUES (?)').run(header);
  }

  prepare(sql: string): StatementSync {
    return this.database.prepare(sql);
  }

  /** Runs writes as one transaction; inside another one they join it. */
  write(writes: () => void): void {
    if (this.writing) {
      writes();
      return;
    }
    this.writing = true;
    this.database.exec('BEGIN');
    try {
      writes();
      this.database.exec('COMMIT');
    } catch (error) {
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      throw error;
    } finally {
      this.writing = false;
    }
  }

  /** More cache while a store is rebuilt: most of its pages change again and again then. */
  restoring(on: boolean): void {
    this.database.exec(`PRAGMA cache_size = -${on ? RESTORING_CACHE_KIB : CACHE_KIB}`);
    if (!on) this.database.exec('PRAGMA shrink_memory');
  }

  close(): void {
    if (this.database.isOpen) this.database.close();
  }

  /**
   * Passes on what the work throws; when the error says that the file is damaged, the file goes, so that the next start builds
   * it anew from the changelogs.
   */
  guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (isDamaged(error)) removeFiles(this.file);
      throw error;
    }
  }

  /** Closes and deletes the file, so that the next task begins from the changelogs alone. */
  discard(): void {
    this.close();
    removeFiles(this.file);
  }
}

function open(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = NORMAL');
    database.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
    if (version !== 0 && version !== FORMAT) throw new FormatError();
    database.exec(
      'CREATE TABLE IF NOT EXISTS checkpoints (changelog TEXT PRIMARY KEY, nextOffset INTEGER NOT NULL, at INTEGER NOT NULL) STRICT',
    );
    database.exec('CREATE TABLE IF NOT EXISTS log (id TEXT PRIMARY KEY) WITHOUT ROWID, STRICT');
    database.exec('CREATE TABLE IF NOT EXISTS schemas (header BLOB PRIMARY KEY) WITHOUT ROWID, STRICT');
    database.exec(`PRAGMA user_version = ${FORMAT}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function prepareCheckpoints(database: DatabaseSync): { read: StatementSync; write: StatementSync } {
  return {
    read: database.prepare('SELECT nextOffset, at FROM checkpoints WHERE changelog = ?'),
    write: database.prepare(
      'INSERT OR REPLACE INTO checkpoints (changelog, nextOffset, at) VALUES (?, ?, ?)',
    ),
  };
}

/** The file was written by a build with another layout. */
class FormatError extends Error {}

/** Result codes SQLITE_CORRUPT and SQLITE_NOTADB (https://www.sqlite.org/rescode.html). */
const DAMAGED = new Set([11, 26]);

/** Whether the error says that the file is damaged or of another format, and not that it is in use or the disk is full. */
export function isDamaged(error: unknown): boolean {
  if (error instanceof FormatError) return true;
  return error instanceof Error && 'errcode' in error && DAMAGED.has(Number(error.errcode) & 0xff);
}

function removeFiles(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true });
}
