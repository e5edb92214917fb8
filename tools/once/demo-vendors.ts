import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DemoVendor } from './demo-vendor.ts';

/**
 * What each vendor adds to the demo company besides the one with which the scenario began: the folders beside this file that
 * have a `<vendor>-demo.ts` with a `demo` in it.
 */
export const demoVendors: readonly DemoVendor[] = await Promise.all(
  readdirSync(import.meta.dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(import.meta.dirname, name, `${name}-demo.ts`))
    .filter((file) => existsSync(file))
    .sort()
    .map(async (file) => ((await import(pathToFileURL(file).href)) as { demo: DemoVendor }).demo),
);
