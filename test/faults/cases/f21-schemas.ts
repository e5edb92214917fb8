import { setTimeout as delay } from 'node:timers/promises';
import { topics } from '#libs/contracts';
import { readTopics } from '#libs/streams';
import { TrailReader } from '../check/evidence.ts';
import { decodeRecord } from '../check/record-versions.ts';
import { BooksWriter } from '../load/books-writer.ts';
import type { FaultRun, FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';
import { deploy, makeIncompatibleBuild, makeNextBuild } from '../world/other-build.ts';
import type { ExtraReplica, ProductService } from '../world/services.ts';

/** Those that read and write what has grown. */
const ROLLED: readonly ProductService[] = ['fetcher', 'mapper', 'twilio-sender'];

/** F21: two builds with different schemas work side by side, in both directions; a build whose schemas do not fit is not deployed. */
export const schemaEvolution: FaultTest = {
  id: 'F21',
  title: 'two builds with different schemas at once; an incompatible one refused',
  weight: 1.5,
  short: false,
  run: async (run) => {
    const { world } = run;
    const trail = new TrailReader(world.infrastructure.direct.databaseUrl);
    const undecodable = async (): Promise<number> =>
      (await trail.deadLetters())
        .filter(({ errorCode }) => UNREADABLE.has(errorCode))
        .reduce((sum, { n }) => sum + n, 0);
    const [next, incompatible] = [makeNextBuild(), makeIncompatibleBuild()];
    const deployed = { next: '', incompatible: '' };
    try {
      const { code, output } = await deploy(world, next);
      deployed.next = code === 0 ? '' : output.slice(-300);
      const refused = await deploy(world, incompatible);
      deployed.incompatible =
        refused.code !== 0 && refused.output.includes('incompatible') ? '' : refused.output.slice(-300);
      const before = await undecodable();
      return await underLoad(run, {
        inject: async (until) => {
          const rolled = await rollOut(run, next.root);
          await somethingForAll(run);
          await delay(Math.max(until - performance.now(), SIDE_BY_SIDE_MS));
          for (const replica of rolled) await replica.remove();
          return ROLLED.length + 1;
        },
        check: async () => {
          const lost = (await undecodable()) - before;
          const written = await schemasIn(run);
          return [
            ...(deployed.next === '' ? [] : [`the next build could not be deployed: ${deployed.next}`]),
            ...(deployed.incompatible === ''
              ? []
              : [`an incompatible build was not refused: ${deployed.incompatible}`]),
            ...(lost === 0 ? [] : [`${lost} records could not be read`]),
            ...(written.size > 1 ? [] : ['only one build has written records']),
          ];
        },
        figures: async () => ({
          'records undecodable': (await undecodable()) - before,
          'schemas in records': [...(await schemasIn(run)).values()].join(' and '),
          'incompatible build': deployed.incompatible === '' ? 'refused' : 'accepted',
        }),
      });
    } finally {
      for (const checkout of [next, incompatible]) checkout.remove();
    }
  },
};

const UNREADABLE = new Set(['undecodable', 'unknown-schema', 'schema-mismatch']);
/** Both builds work at the same time for at least so long. */
const SIDE_BY_SIDE_MS = 6_000;

async function rollOut({ world }: FaultRun, root: string): Promise<ExtraReplica[]> {
  const replicas: ExtraReplica[] = [];
  for (const service of ROLLED) replicas.push(await world.services.addReplica(service, 2, {}, root));
  return replicas;
}

/** An invoice of every company, whichever build has its partition: on a slow machine the load is over before the other build is there. */
async function somethingForAll({ world }: FaultRun): Promise<void> {
  const books = new BooksWriter(world);
  await books.open();
  for (const place of world.tenants.keys()) await books.issue(place, 'AUTHORISED');
}

/** How many records were written with each schema, by the id in front of their bytes. */
async function schemasIn({ world }: FaultRun): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  await readTopics(
    world.infrastructure.direct.kafkaBrokers,
    (topic) => topic === topics.records.name,
    ({ value }) => {
      // What F15 has written is of no build.
      if (!value || !decodeRecord(value)) return;
      const id = value.readUInt32BE(1);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    },
  );
  return counts;
}
