import {
  type AccountingRecord,
  accountingRecordSchema,
  encodeValue,
  noBodies,
  type RecordBodies,
} from '#libs/contracts';
import { LedgerwireError } from '#libs/core';
import assert from 'node:assert/strict';
import type { RawEntity, RecordBody, VendorSource } from '../contract.js';
import { parseExactJson } from '../http/exact-json.js';
import { type ConformanceCheck, type EntitySample, provenanceErrors, type VendorSamples } from './samples.js';

/** Entities become records that fit the contract, purely and exactly. */
export function sourceChecks({ definition, entities }: VendorSamples): ConformanceCheck[] {
  const { source } = definition;
  if (!source) return [];
  return [
    {
      title: 'the plan of entity types is sound and every type has a sample',
      run: () => checkPlan(source, entities),
    },
    ...entities.flatMap((sample) => [
      {
        title: `entity "${sample.name}" becomes the documented record`,
        run: () => checkMapping(source, sample),
      },
      { title: `entity "${sample.name}" cannot break the mapper`, run: () => checkHoles(source, sample) },
    ]),
  ];
}

function checkPlan(source: VendorSource, samples: readonly EntitySample[]): void {
  for (const plan of source.entityTypes) {
    assert.ok(plan.maxBatch >= 1 && Number.isInteger(plan.maxBatch));
    assert.ok(plan.notified || plan.pollIntervalMs !== null, `${plan.entityType} is found somehow`);
    assert.ok(
      samples.some(({ entityType, expected }) => [entityType, expected.entityType].includes(plan.entityType)),
      `a sample of ${plan.entityType}`,
    );
  }
  const orders = new Map(source.entityTypes.map(({ entityType, emitOrder }) => [entityType, emitOrder]));
  for (const { expected } of samples)
    for (const related of source.relatedTo(expected))
      assert.ok(
        (orders.get(related.entityType) ?? Infinity) < (orders.get(expected.entityType) ?? -Infinity),
        `${related.entityType} comes before ${expected.entityType}`,
      );
}

function checkMapping(source: VendorSource, sample: EntitySample): void {
  assert.equal(provenanceErrors(sample), undefined);
  const raw = deepFreeze(rawOf(sample));
  const body = source.toRecordBody(raw);
  assert.deepEqual(body, sample.expected);
  assert.deepEqual(source.toRecordBody(rawOf(sample)), body, 'the mapping is pure');
  assert.equal(
    Object.keys(noBodies).filter((name) => body[name as keyof RecordBodies]).length,
    1,
    'exactly one body is set',
  );
  assert.ok(
    encodeValue(accountingRecordSchema, recordOf(body, raw)).length > 0,
    'the record fits its schema',
  );
  assert.ok(Array.isArray(source.discoveredIn(raw)));
}

/** Takes each field away and replaces it by nonsense: the mapper gives a record or an error that shows no value. */
function checkHoles(source: VendorSource, sample: EntitySample): void {
  const entity = JSON.parse(sample.json) as Record<string, unknown>;
  for (const name of Object.keys(entity))
    for (const nonsense of [
      undefined,
      null,
      '',
      'nonsense-value',
      { nonsense: 'nonsense-value' },
      ['nonsense-value'],
      true,
      -1,
    ]) {
      const changed = { ...entity, [name]: nonsense };
      try {
        source.toRecordBody({ ...rawOf(sample), value: changed });
      } catch (error) {
        assert.ok(
          error instanceof LedgerwireError && error.code === 'unmappable',
          `${name}: ${String(error)}`,
        );
        assert.equal(error.disposition, 'dead-letter');
        assert.doesNotMatch(error.message, /nonsense/, 'errors show no values');
      }
    }
}

function rawOf({ entityType, entityId, json }: EntitySample): RawEntity {
  return { entityType, entityId, json, value: parseExactJson(json) };
}

function recordOf(body: RecordBody, raw: RawEntity): AccountingRecord {
  const common = {
    recordId: 'r',
    workspaceId: 'w',
    connectionId: 'c',
    vendor: 'v',
    contentHash: 'h',
    raw: raw.json,
  };
  const origin = {
    noticeIds: [],
    webhookIds: [],
    origin: 'webhook',
    recheck: false,
    recheckTokens: [],
    created: false,
  };
  return { ...noBodies, ...body, ...common, ...origin, fetchedAt: 0, firstNoticedAt: 0 };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
