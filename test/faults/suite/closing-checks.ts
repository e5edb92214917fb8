import { TrailReader } from '../check/evidence.ts';
import { findStepsBack, told } from '../check/invariants.ts';
import { readRecordVersions } from '../check/record-versions.ts';
import { scanForSecrets } from '../check/secret-scan.ts';
import type { World } from '../world/world.ts';
import { plainReport } from './fault-test.ts';
import type { Finished } from './table.ts';

/** What must hold over everything that happened in a run: I4 order, I7 secrets. */
export async function closingChecks(world: World): Promise<Finished[]> {
  return [await order(world), await secrets(world)];
}

async function order(world: World): Promise<Finished> {
  const records = await readRecordVersions(world.infrastructure.direct.kafkaBrokers);
  const setAside = await supersededEntities(world);
  const found = findStepsBack(records);
  const stepsBack = found.filter((sentence) => !setAside.has(entityIdIn(sentence)));
  return {
    test: { id: 'I4', title: 'no entity ever goes back to an older version in the log' },
    report: plainReport({
      injected: records.length,
      figures: {
        'records read': records.length,
        'stale ones, set aside by the mapper': found.length - stepsBack.length,
      },
      failures: [
        ...told('I4', 'steps back', stepsBack),
        ...(records.length === 0 ? ['there is not one record to look at'] : []),
      ],
    }),
  };
}

/** Entities of which the mapper said that a record was older than what it knew: it was not applied. */
async function supersededEntities({ infrastructure }: World): Promise<Set<string>> {
  const trail = await new TrailReader(infrastructure.direct.databaseUrl).after(0);
  const lines = trail.filter(({ step, status }) => step === 'map' && status === 'superseded');
  return new Set(lines.map(({ entityId }) => entityId ?? ''));
}

/** `connection/type/id went back …` */
function entityIdIn(sentence: string): string {
  return sentence.split(' ')[0]?.split('/').at(-1) ?? '';
}

async function secrets(world: World): Promise<Finished> {
  const { bytes, places, hits } = await scanForSecrets(world);
  return {
    test: { id: 'I7', title: 'no secret in logs, topics, metrics, answers or tables' },
    report: plainReport({
      injected: places,
      figures: { 'bytes scanned': bytes, places },
      failures: told('I7', 'secrets found', hits),
    }),
  };
}
