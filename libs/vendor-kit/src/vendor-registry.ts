import { LedgerwireError } from '#libs/core';
import type { BaseUrls, VendorDefinition } from './contract.js';

/** The vendors of this build, by id. */
export interface VendorRegistry {
  readonly all: readonly VendorDefinition[];
  /** @throws LedgerwireError `unknown-vendor` (halt) that names the vendors there are. */
  get(id: string): VendorDefinition;
  find(id: string): VendorDefinition | undefined;
}

/** Makes the registry. @throws LedgerwireError `duplicate-vendor` (halt) when two definitions have one id. */
export function createVendorRegistry(definitions: readonly VendorDefinition[]): VendorRegistry {
  const byId = new Map<string, VendorDefinition>();
  for (const definition of definitions) {
    const { id } = definition.manifest;
    if (byId.has(id))
      throw new LedgerwireError(`vendor ${id} is registered twice`, {
        code: 'duplicate-vendor',
        disposition: 'halt',
      });
    byId.set(id, definition);
  }
  return {
    all: [...byId.values()],
    find: (id) => byId.get(id),
    get(id) {
      const found = byId.get(id);
      if (found) return found;
      throw new LedgerwireError(`unknown vendor ${id}; there are ${[...byId.keys()].join(', ')}`, {
        code: 'unknown-vendor',
        disposition: 'halt',
      });
    },
  };
}

/** The vendor's base URLs: production, replaced where `overrides` (by environment variable name) has another. */
export function baseUrlsOf(
  definition: VendorDefinition,
  overrides: Readonly<Record<string, string | undefined>>,
): BaseUrls {
  return Object.fromEntries(
    definition.manifest.baseUrls.map(({ key, environmentVariable, production }) => [
      key,
      (overrides[environmentVariable] || production).replace(/\/+$/, ''),
    ]),
  );
}
