import type { Connection } from '#libs/contracts';
import { LedgerwireError } from '#libs/core';
import {
  BatchLoader,
  type RawEntity,
  type VendorCall,
  VendorError,
  type VendorSource,
} from '#libs/vendor-kit';

/** What an {@link EntityLoader} needs. */
export interface EntityLoaderPorts {
  readonly source: Pick<VendorSource, 'entityTypes' | 'fetchEntities'>;
  /** Called for each batch, so that the connection's current settings count. */
  connectionOf(connectionId: string): Connection | undefined;
  callFor(connection: Connection): VendorCall;
  readonly onBatch?: (entityType: string, keys: number) => void;
}

/**
 * Fetches entities one by one for its callers and in batches for the vendor: what several lanes of a connection ask for while
 * a call is in flight goes together in the next one, so that a burst of notices costs few of the tenant's calls.
 */
export class EntityLoader {
  private readonly loaders = new Map<string, BatchLoader<RawEntity | 'gone'>>();

  constructor(private readonly ports: EntityLoaderPorts) {}

  /** The entity as the vendor has it now. @throws VendorError of the call that it was part of. */
  async load(connectionId: string, entityType: string, entityId: string): Promise<RawEntity | 'gone'> {
    const key = `${connectionId}/${entityType}`;
    const loader = this.loaders.get(key) ?? this.create(key, connectionId, entityType);
    try {
      return await loader.load(entityId);
    } finally {
      if (loader.idle) this.loaders.delete(key);
    }
  }

  private create(key: string, connectionId: string, entityType: string): BatchLoader<RawEntity | 'gone'> {
    const { source, onBatch } = this.ports;
    const plan = source.entityTypes.find((candidate) => candidate.entityType === entityType);
    const loader = new BatchLoader<RawEntity | 'gone'>({
      maxBatch: plan?.maxBatch ?? 1,
      fetch: (ids) => source.fetchEntities(this.callOf(connectionId), entityType, ids),
      isKeyFault: (error) => error instanceof VendorError && error.disposition === 'dead-letter',
      onCall: (keys) => onBatch?.(entityType, keys),
    });
    this.loaders.set(key, loader);
    return loader;
  }

  private callOf(connectionId: string): VendorCall {
    const connection = this.ports.connectionOf(connectionId);
    if (connection) return this.ports.callFor(connection);
    throw new LedgerwireError('the connection is not known any more', {
      code: 'unknown-connection',
      disposition: 'retry',
    });
  }
}
