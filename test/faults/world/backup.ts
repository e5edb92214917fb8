import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { TrailReader } from '../check/evidence.ts';
import type { ProductService } from './services.ts';
import type { World } from './world.ts';

/** Services whose stores decide whether something is sent. */
const WITH_STORES: readonly ProductService[] = ['fetcher', 'mapper', 'twilio-sender'];
/** They are rewritten as one, so that nothing else comes in between; the trail stays: it is what the suite judges by. */
const KEPT_TABLES = new Set(['outcomes', 'dead_letters', 'migrations']);
const SCHEMA = 'fault_backup';

/**
 * A backup of what services keep outside of the log: their local files, copied while they are in use, and the tables of PostgreSQL but
 * for the trail. Restoring it later is what an operator does after having lost a machine.
 */
export class Backup {
  private readonly world: World;
  private readonly folder: string;
  private readonly database: TrailReader;

  private constructor(world: World) {
    this.world = world;
    this.folder = mkdtempSync(join(world.infrastructure.folder, 'backup-'));
    this.database = new TrailReader(world.infrastructure.direct.databaseUrl);
  }

  static async take(world: World): Promise<Backup> {
    const backup = new Backup(world);
    for (const service of WITH_STORES) {
      const live = backup.stateOf(service);
      if (existsSync(live)) cpSync(live, join(backup.folder, service), { recursive: true });
    }
    const copies = (await backup.tables()).map(
      (name) => `CREATE TABLE ${SCHEMA}."${name}" AS TABLE public."${name}";`,
    );
    await backup.database.query(
      `DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE; CREATE SCHEMA ${SCHEMA}; ${copies.join(' ')}`,
    );
    return backup;
  }

  /** Puts it back under services that stand still, and starts them from it. Resolves when all are ready. */
  async restore(): Promise<void> {
    const { services } = this.world;
    for (const service of WITH_STORES) {
      services.signal(service, 'SIGSTOP');
      rmSync(this.stateOf(service), { recursive: true, force: true });
      const kept = join(this.folder, service);
      if (existsSync(kept)) cpSync(kept, this.stateOf(service), { recursive: true });
    }
    const rows = (await this.tables()).map(
      (name) =>
        `DELETE FROM public."${name}"; INSERT INTO public."${name}" SELECT * FROM ${SCHEMA}."${name}";`,
    );
    // Without the checks of foreign keys, whose order would have to be known.
    await this.database.query(
      `BEGIN; SET LOCAL session_replication_role = replica; ${rows.join(' ')} COMMIT; DROP SCHEMA ${SCHEMA} CASCADE;`,
    );
    for (const service of [...WITH_STORES, 'console', 'token-broker'] as const)
      services.signal(service, 'SIGKILL');
    await services.untilAllReady();
  }

  private stateOf(service: ProductService): string {
    return join(this.world.system.context.stateFolder, `${service}-1`);
  }

  private async tables(): Promise<string[]> {
    const found = await this.database.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`,
      [],
    );
    return found.map(({ name }) => name).filter((name) => !KEPT_TABLES.has(name));
  }
}
