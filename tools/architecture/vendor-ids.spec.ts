import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { vendors } from '#libs/vendors';
import { repositoryRoot } from '../lib/paths.ts';
import { sourceVendors } from '../lib/source-vendors.ts';
import { sourceVendors as registered } from './service-facts.ts';

/** The sources of the product, and of what starts it; without specs and what only they use. */
const sources = [
  'apps/*/src/**/*.ts',
  'libs/**/src/**/*.ts',
  'tools/*.ts',
  'tools/start/**/*.ts',
  'tools/lib/**/*.ts',
]
  .flatMap((pattern) => globSync(join(repositoryRoot, pattern)))
  .map((file) => relative(repositoryRoot, file).replaceAll('\\', '/'))
  .filter((file) => !/\.spec\.ts$|\/testing\/|\/samples\//.test(file));

/** Where a vendor may be named: its own folder, its double, and the registry with the list of doubles. */
function isPlaceOf(vendor: string, file: string): boolean {
  return (
    file.startsWith(`libs/vendors/${vendor}/`) ||
    file.startsWith(`apps/sandbox/src/vendors/${vendor}/`) ||
    ['libs/vendors/src/index.ts', 'apps/sandbox/src/vendors/index.ts'].includes(file)
  );
}

/** The text without comments: examples in them name vendors, and do no harm. */
function codeOf(file: string): string {
  const text = readFileSync(join(repositoryRoot, file), 'utf8');
  return text.replaceAll(/\/\*[^]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '');
}

describe('adding a vendor', () => {
  test.each(sourceVendors.map((vendor) => [vendor]))(
    'touches its folder, its double and the registry: nothing else decides by the name of %s',
    (vendor) => {
      const literal = new RegExp(`(['"\`])${vendor}\\1`);
      const others = sources.filter((file) => !isPlaceOf(vendor, file) && literal.test(codeOf(file)));
      expect(others).toEqual([]);
      expect(sources.some((file) => isPlaceOf(vendor, file) && literal.test(codeOf(file)))).toBe(true);
    },
  );

  test('is known to what starts the services as the registry has it', () => {
    expect(sourceVendors).toEqual(registered);
  });

  test.each(vendors.all.map(({ manifest }) => [manifest.id]))(
    '%s has what belongs to a vendor: fixtures, a conformance spec, a double, and its way from an account to a message',
    (vendor) => {
      for (const path of [
        `libs/vendors/${vendor}/fixtures`,
        `libs/vendors/${vendor}/src/${vendor}.conformance.spec.ts`,
        `apps/sandbox/src/vendors/${vendor}/${vendor}.double.ts`,
        `docs/vendors/${vendor}.md`,
      ])
        expect([path, existsSync(join(repositoryRoot, path))]).toEqual([path, true]);
    },
  );
});
