import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { repositoryRoot } from './paths.ts';

const catalogue = z.object({ vendors: z.array(z.string()).min(1) });

/**
 * Ids of the vendors whose books are read, in the order of the registry (`libs/vendors/src/index.ts`). From the file that
 * `npm run generate` writes of it, since what starts the services runs before anything is built; a spec compares.
 */
export const sourceVendors: readonly string[] = catalogue.parse(
  JSON.parse(readFileSync(join(repositoryRoot, 'deploy/helm/ledgerwire/files/catalogue.json'), 'utf8')),
).vendors;
