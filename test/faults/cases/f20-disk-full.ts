import { setTimeout as delay } from 'node:timers/promises';
import { TrailReader } from '../check/evidence.ts';
import type { LoadDriver } from '../load/load-driver.ts';
import type { FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';
import { fillDisk, freeDisk } from '../world/disk-full.ts';
import type { ProductService } from '../world/services.ts';

/** Services with files of their own: stores and logs. */
const WITH_FILES: readonly ProductService[] = ['mapper', 'twilio-sender', 'fetcher', 'console', 'ingress'];

/** F20: the disk is full, first for the broker, then for PostgreSQL, then for every service; in between it is freed again. */
export const diskFull: FaultTest = {
  id: 'F20',
  title: 'disk full: for the broker, for PostgreSQL, for the services',
  weight: 1.5,
  short: false,
  run: (run) => {
    const { infrastructure, services, notices } = run.world;
    const { kafka, postgres } = infrastructure;
    const database = new TrailReader(infrastructure.direct.databaseUrl);
    let brokerEnded = false;
    let databaseRefused = false;
    let restarts = 0;
    const bringBack = async (which: typeof kafka): Promise<boolean> => {
      const ended = which.pid === undefined;
      // A broker or database that went on without writing is started anew too: what it holds in memory is not on the disk.
      freeDisk(which.family());
      await which.kill();
      await which.start();
      return ended;
    };
    return underLoad(run, {
      inject: async (until) => {
        const third = (until - performance.now()) / 3;
        fillDisk(kafka.family());
        await delay(third);
        brokerEnded = await bringBack(kafka);
        await services.untilAllReady();
        fillDisk(postgres.family());
        await delay(third);
        databaseRefused = await refusesWrites(database);
        await bringBack(postgres);
        const before = notices.length;
        for (const service of WITH_FILES)
          fillDisk(services.processes(service).flatMap(({ pid }) => pid ?? []));
        await delay(third);
        restarts = notices.length - before;
        for (const service of WITH_FILES)
          freeDisk(services.processes(service).flatMap(({ pid }) => pid ?? []));
        return 2 + WITH_FILES.length;
      },
      check: () => [
        ...(brokerEnded ? [] : ['the broker did not notice that its disk was full']),
        ...(databaseRefused ? [] : ['PostgreSQL did not notice that its disk was full']),
      ],
      figures: (load) => ({
        'broker ended': brokerEnded ? 'yes' : 'no',
        'database refused writes': databaseRefused ? 'yes' : 'no',
        'services started again': restarts,
        ...answersOf(load),
      }),
    });
  },
};

/** What ingress said to the webhooks of the load's own, by status; 0 where no answer came. */
function answersOf({ answers }: LoadDriver): Record<string, number> {
  return Object.fromEntries([...answers].map(([status, count]) => [`answers ${status}`, count]));
}

/** Whether PostgreSQL says no to a new table, as long as its disk is full. */
async function refusesWrites(database: TrailReader): Promise<boolean> {
  try {
    await database.query('CREATE TABLE fault_disk AS SELECT 1 AS one; DROP TABLE fault_disk');
    return false;
  } catch {
    return true;
  }
}
