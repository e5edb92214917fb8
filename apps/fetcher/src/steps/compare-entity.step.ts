import type { EntityFingerprint } from '#libs/contracts';
import { digestOf } from '#libs/core';
import type { RawEntity, RecordBody, VendorSource } from '#libs/vendor-kit';
import type { FetchRequest } from './coalesce-notices.step.js';

/** What a fetched entity is, next to what was emitted of it before. */
export interface ComparedEntity {
  readonly body: RecordBody;
  readonly raw: string;
  readonly contentHash: string;
}

/** `superseded` = older than what was emitted; `unchanged` = says nothing new. */
export type Comparison = 'changed' | 'unchanged' | 'superseded';

/** Reads the vendor's entity, or makes the body of one that is gone. @throws LedgerwireError `unmappable` (dead-letter). */
export function readEntity(
  source: Pick<VendorSource, 'toRecordBody'>,
  fetched: RawEntity | 'gone',
  request: FetchRequest,
  known: EntityFingerprint | undefined,
): ComparedEntity {
  if (fetched === 'gone') return goneEntity(request, known);
  const body = source.toRecordBody(fetched);
  return { body, raw: fetched.json, contentHash: contentHashOf(body) };
}

/**
 * Compares by the vendor's version first (an older state never follows a newer one) and then by content: some edits do not
 * move the version (vendors/xero.md section 3), and some move it without changing anything that we carry.
 */
export function compareEntity(entity: ComparedEntity, known: EntityFingerprint | undefined): Comparison {
  if (!known) return 'changed';
  if (entity.body.version < known.version) return 'superseded';
  return entity.contentHash === known.contentHash ? 'unchanged' : 'changed';
}

/** Digest of everything that the record carries, without its version; independent of the order of keys. */
export function contentHashOf({ version: _version, ...content }: RecordBody): string {
  return digestOf(JSON.stringify(content, sortedKeys));
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * The vendor tells no version of what it no longer has. A notice of the deletion gives it one: no state from before it follows.
 * Without that it keeps the version that is known, so that the entity wins as soon as it is seen again.
 */
function goneEntity(request: FetchRequest, known: EntityFingerprint | undefined): ComparedEntity {
  const knownVersion = known?.version ?? 0;
  const noticed = request.sourceTime ?? request.firstNoticedAt;
  const version = request.deleted && !known?.deleted ? Math.max(noticed, knownVersion) : knownVersion;
  const body: RecordBody = {
    entityType: known?.entityType ?? request.entityType,
    entityId: request.entityId,
    entityNumber: null,
    version,
    deleted: true,
    invoice: null,
    payment: null,
    contact: null,
  };
  return { body, raw: '', contentHash: contentHashOf(body) };
}
