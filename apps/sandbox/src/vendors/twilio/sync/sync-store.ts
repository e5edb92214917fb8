import type { Clock } from '#libs/core';
import type { Ids } from '../../../kit/ids.js';

/** One item of a Sync Map. */
export interface SyncItem {
  readonly key: string;
  data: unknown;
  /** Hexadecimal, raised by every write; also the ETag. */
  revision: string;
  readonly createdAt: number;
  updatedAt: number;
  /** Epoch milliseconds; null keeps it for ever. */
  expiresAt: number | null;
}

/** A Sync Map: items by key. */
export interface SyncMap {
  readonly sid: string;
  readonly uniqueName: string | null;
  readonly items: Map<string, SyncItem>;
  readonly createdAt: number;
  updatedAt: number;
}

/** A Sync Service: maps by SID and by unique name. */
export interface SyncService {
  readonly sid: string;
  friendlyName: string;
  readonly uniqueName: string | null;
  readonly maps: SyncMap[];
  readonly createdAt: number;
}

/** Sync Services, Maps and Items in memory. */
export class SyncStore {
  private readonly byService = new Map<string, SyncService>();

  constructor(
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  services(): SyncService[] {
    return [...this.byService.values()];
  }

  createService(friendlyName: string, uniqueName: string | null): SyncService {
    const service = {
      sid: this.ids.sid('IS'),
      friendlyName,
      uniqueName,
      maps: [],
      createdAt: this.clock.now(),
    };
    this.byService.set(service.sid, service);
    return service;
  }

  service(sidOrName: string): SyncService | undefined {
    return (
      this.byService.get(sidOrName) ?? this.services().find(({ uniqueName }) => uniqueName === sidOrName)
    );
  }

  deleteService(service: SyncService): void {
    this.byService.delete(service.sid);
  }

  createMap(service: SyncService, uniqueName: string | null): SyncMap {
    const now = this.clock.now();
    const map = { sid: this.ids.sid('MP'), uniqueName, items: new Map(), createdAt: now, updatedAt: now };
    service.maps.push(map);
    return map;
  }

  map(service: SyncService, sidOrName: string): SyncMap | undefined {
    return service.maps.find(({ sid, uniqueName }) => sid === sidOrName || uniqueName === sidOrName);
  }

  deleteMap(service: SyncService, map: SyncMap): void {
    service.maps.splice(service.maps.indexOf(map), 1);
  }

  /** The item, unless it expired. */
  item(map: SyncMap, key: string): SyncItem | undefined {
    const item = map.items.get(key);
    if (!item || item.expiresAt === null || item.expiresAt > this.clock.now()) return item;
    map.items.delete(key);
    return undefined;
  }

  /** Items by key in ascending order, beginning after `after`. */
  itemsAfter(map: SyncMap, after: string | undefined): SyncItem[] {
    const keys = [...map.items.keys()].sort().filter((key) => after === undefined || key > after);
    return keys.map((key) => this.item(map, key)).filter((item) => item !== undefined);
  }

  /** Creates or overwrites an item; `ttlSeconds` of undefined keeps the expiry, 0 removes it. */
  write(map: SyncMap, key: string, data: unknown, ttlSeconds: number | undefined): SyncItem {
    const now = this.clock.now();
    const former = this.item(map, key);
    const expiresAt = ttlSeconds === undefined ? (former?.expiresAt ?? null) : expiryOf(now, ttlSeconds);
    const revision = (former ? Number.parseInt(former.revision, 16) + 1 : 0).toString(16);
    const item: SyncItem = {
      key,
      data,
      revision,
      createdAt: former?.createdAt ?? now,
      updatedAt: now,
      expiresAt,
    };
    map.items.set(key, item);
    map.updatedAt = now;
    return item;
  }

  clear(): void {
    this.byService.clear();
  }
}

function expiryOf(now: number, ttlSeconds: number): number | null {
  return ttlSeconds === 0 ? null : now + ttlSeconds * 1000;
}
