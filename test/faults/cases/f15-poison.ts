import { setTimeout as delay } from 'node:timers/promises';
import { TrailReader } from '../check/evidence.ts';
import { produceRaw } from '../world/raw-producer.ts';
import type { FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';

/** Input topics, each with how many services read it; every one of them sets an unreadable record aside. */
const READERS = {
  // fetcher and console
  'change-notices.xero': 2,
  records: 1,
  messages: 1,
  'delivery-reports': 1,
  communications: 1,
  outcomes: 1,
} as const;
const LETTERS_WITHIN_MS = 60_000;

/** F15: records that nobody can read lie in every input topic; each becomes a dead letter of every service that reads it, and what stands behind it goes on. */
export const poison: FaultTest = {
  id: 'F15',
  title: 'unreadable records in every input topic',
  weight: 0.7,
  short: false,
  run: (run) => {
    const { world } = run;
    const trail = new TrailReader(world.infrastructure.direct.databaseUrl);
    let before = 0;
    let planted = 0;
    let expected = 0;
    const letters = async (): Promise<number> =>
      (await trail.deadLetters())
        .filter(({ errorCode }) => errorCode !== 'unknown-connection')
        .reduce((sum, { n }) => sum + n, 0);
    return underLoad(run, {
      inject: async (until) => {
        before = await letters();
        for (const [topic, readers] of Object.entries(READERS)) {
          const written = await produceRaw(
            world.infrastructure.direct.kafkaBrokers,
            topic,
            world.tenants[0]?.connectionId ?? '',
            poisons(),
          );
          planted += written;
          expected += written * readers;
        }
        await delay(Math.max(until - performance.now(), 0));
        return planted;
      },
      check: async () => {
        const deadline = performance.now() + LETTERS_WITHIN_MS;
        let found = 0;
        while (performance.now() < deadline) {
          found = (await letters()) - before;
          if (found >= expected) break;
          await delay(300);
        }
        return found === expected
          ? []
          : [`${planted} unreadable records, and ${found} instead of ${expected} dead letters`];
      },
      figures: () => ({ 'unreadable records': planted }),
    });
  },
};

/** Wrong first byte, an id that no schema has, an id and then noise, nothing but the header, a megabyte of text. */
function poisons(): Buffer[] {
  const header = (id: number): Buffer => {
    const bytes = Buffer.alloc(5);
    bytes.writeInt32BE(id, 1);
    return bytes;
  };
  return [
    Buffer.from('plain text'),
    Buffer.concat([header(987_654), Buffer.from('whatever')]),
    Buffer.concat([header(1), Buffer.alloc(40, 0xff)]),
    header(1),
    Buffer.concat([header(2), Buffer.alloc(900_000, 'a')]),
    Buffer.alloc(0),
  ];
}
