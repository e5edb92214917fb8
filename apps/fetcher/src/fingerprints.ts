import { type AccountingRecord, type EntityFingerprint, fetcherStores } from '#libs/contracts';
import type { TaskContext } from '#libs/streams';
import type { EntityRef } from '#libs/vendor-kit';
import { entityKey } from './keys.js';

/**
 * What was last emitted of each entity of a connection. Kept under the canonical type; where a vendor is asked for an entity
 * under another one (a bill as an invoice of Xero), that name leads to it too, since a deleted entity has no body to tell.
 */
export class Fingerprints {
  constructor(
    private readonly context: TaskContext,
    private readonly connectionId: string,
  ) {}

  /** By either name. */
  find(ref: EntityRef): EntityFingerprint | undefined {
    const found = this.get(ref);
    if (!found?.entityType || found.entityType === ref.entityType) return found;
    return this.get({ ...ref, entityType: found.entityType });
  }

  /** Remembers what is being emitted; `askedAs` is the type that the vendor was asked for. */
  keep(record: AccountingRecord, askedAs: string): void {
    const { entityType, entityId, version, contentHash, recordId, deleted } = record;
    const created = record.created || this.get({ entityType, entityId })?.created === true;
    const emittedAt = this.context.now();
    const fingerprint = { version, contentHash, recordId, emittedAt, entityType, deleted, created };
    this.put({ entityType, entityId }, fingerprint);
    const alias = { entityType: askedAs, entityId };
    if (askedAs !== entityType && !this.get(alias)) this.put(alias, fingerprint);
  }

  private get(ref: EntityRef): EntityFingerprint | undefined {
    return this.store.get(entityKey({ connectionId: this.connectionId, ...ref }));
  }

  private put(ref: EntityRef, fingerprint: EntityFingerprint): void {
    this.store.put(entityKey({ connectionId: this.connectionId, ...ref }), fingerprint);
  }

  private get store() {
    return this.context.store(fetcherStores.fingerprints);
  }
}
