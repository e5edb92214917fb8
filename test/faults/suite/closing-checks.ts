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
  const stepsBack = findStepsBack(records);
  return {
    test: { id: 'I4', title: 'no entity ever goes back to an older version in the log' },
    report: plainReport({
      injected: records.length,
      figures: { 'records read': records.length },
      failures: [
        ...told('I4', 'steps back', stepsBack),
        ...(records.length === 0 ? ['there is not one record to look at'] : []),
      ],
    }),
  };
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
