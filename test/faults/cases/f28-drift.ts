import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { LedgerwireError } from '#libs/core';
import { parseExactJson, type RawEntity, type RecordBody, type VendorSource } from '#libs/vendor-kit';
import { vendors } from '#libs/vendors';
import { repositoryRoot } from '../../../tools/lib/paths.ts';
import { countsOfDrift, driftsOf, type Drift, type DriftRule } from '../drift/drifts.ts';
import { driftWebhooks } from '../drift/webhook-drift.ts';
import { told } from '../check/invariants.ts';
import { type FaultTest, plainReport } from '../suite/fault-test.ts';

/** An entity of a vendor's fixtures. */
interface EntityFixture {
  readonly name: string;
  readonly entityType: string;
  readonly entityId: string;
  readonly entity: Readonly<Record<string, unknown>>;
}

/** What became of a drifted entity. */
type Fate =
  /** The record is as before: what drifted is not read. The raw JSON goes with the record. */
  | 'not read'
  /** The record says it, in the vendor's own word or as absent. */
  | 'carried'
  /** `unmappable`, a dead letter or a `failed` outcome that names the field. */
  | 'flagged'
  /** The record says something that the vendor did not. */
  | 'mistaken'
  /** Something else was thrown, which would end the service. */
  | 'crashed';

/** F28: fields and words that vendors add, take away or write in another way; nothing may vanish or be mistaken for something else. */
export const contractDrift: FaultTest = {
  id: 'F28',
  title: 'vendor contracts drift: fixtures and webhooks mutated by rule',
  weight: 0.2,
  short: true,
  alone: true,
  run: async () => {
    const fates: Fate[] = [];
    const wrong: string[] = [];
    for (const { manifest, source } of vendors.all) {
      if (!source) continue;
      for (const fixture of fixturesOf(manifest.id)) {
        for (const drift of driftsOf(fixture.entity)) {
          const fate = fateOf(source, fixture, drift);
          fates.push(fate);
          if (fate === 'mistaken' || fate === 'crashed')
            wrong.push(`${manifest.id} "${fixture.name}", ${drift.rule} of ${drift.path}: ${fate}`);
        }
      }
    }
    const webhooks = driftWebhooks();
    return plainReport({
      injected: fates.length + webhooks.tried,
      figures: { ...countsOfDrift(fates), 'webhooks tried': webhooks.tried, ...webhooks.verdicts },
      failures: [
        ...told('I1', 'drifted entities mistaken', wrong),
        ...told('I1', 'drifted webhooks of which something vanished', webhooks.vanished),
      ],
    });
  },
};

function fixturesOf(vendor: string): EntityFixture[] {
  const folder = join(repositoryRoot, 'libs', 'vendors', vendor, 'fixtures');
  return readdirSync(folder)
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Partial<EntityFixture>)
    .filter((fixture): fixture is EntityFixture => fixture.entity !== undefined);
}

function fateOf(source: VendorSource, fixture: EntityFixture, drift: Drift): Fate {
  const before = source.toRecordBody(rawOf(fixture, fixture.entity));
  let after: RecordBody;
  try {
    after = source.toRecordBody(rawOf(fixture, drift.entity));
  } catch (error) {
    return error instanceof LedgerwireError && error.code === 'unmappable' ? 'flagged' : 'crashed';
  }
  if (isDeepStrictEqual(after, before)) return 'not read';
  return isHonest(drift.rule, JSON.stringify(after)) ? 'carried' : 'mistaken';
}

/** A changed record is honest when the vendor's new word is in it or ours for "none that we know", or when something is absent that the vendor took away. */
function isHonest(rule: DriftRule, after: string): boolean {
  if (rule === 'unknown word') return /brand_new|"other"/i.test(after);
  return rule === 'field removed' || rule === 'null';
}

function rawOf({ entityType, entityId }: EntityFixture, entity: object): RawEntity {
  const json = JSON.stringify(entity);
  return { entityType, entityId, json, value: parseExactJson(json) };
}
