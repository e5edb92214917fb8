import { createRequire } from 'node:module';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { describeConfig } from '#libs/platform';
import { filesBelow } from '../bootstrap/stamps.mjs';
import { repositoryRoot } from '../lib/paths.ts';
import { codeSpans, documentAt, namesIn, tableRows } from './markdown.ts';
import { configurations, serviceFacts, VENDOR } from './service-facts.ts';

const facts = serviceFacts();
const page = documentAt('ARCHITECTURE.md').text;
const serviceRows = tableRows(page, ['service', 'consumes', 'produces', 'state stores', 'outside']);
const libRows = tableRows(page, ['lib', 'owns', 'may import']);
/** As documents write the place of a vendor's id. */
const named = (names: readonly string[]): string[] =>
  names.map((name) => name.replace(VENDOR, '<vendor>')).sort();
const appsOf = (rows: typeof serviceRows): string[] =>
  rows.map((row) => /^[\w-]+/.exec(row['service'] ?? '')?.[0] ?? '');

const rules = z
  .object({
    forbidden: z.array(
      z.object({
        name: z.string(),
        to: z.object({ pathNot: z.union([z.string(), z.array(z.string())]).optional() }),
      }),
    ),
  })
  .parse(createRequire(import.meta.url)(join(repositoryRoot, '.dependency-cruiser.cjs')));

/** Libs that a lib may import, by its rule: `layer-<name>` lists the folders that it lets through. */
const allowed = new Map(
  rules.forbidden.flatMap(({ name, to }) => {
    const lib = /^layer-(.+)$/.exec(name)?.[1];
    const list = /\^libs\/\(([^)]+)\)\//.exec([to.pathNot ?? ''].flat().join(' '))?.[1]?.split('|') ?? [];
    return lib === undefined ? [] : [[lib, list.filter((other) => other !== lib).sort()] as const];
  }),
);

describe('the table of services', () => {
  test('has a row for every app', () => {
    expect(appsOf(serviceRows).sort()).toEqual(
      readdirSync(join(repositoryRoot, 'apps'))
        .filter((app) => app !== 'cli')
        .sort(),
    );
  });

  test.each(Object.keys(facts))('says what %s consumes, produces and keeps, as its code does', (app) => {
    const row = serviceRows[appsOf(serviceRows).indexOf(app)] ?? {};
    const { consumes, tables, produces, stores } = facts[app] ?? raise(app);
    expect(namesIn(row['consumes'] ?? '')).toEqual(named([...consumes, ...tables]));
    expect(namesIn(row['produces'] ?? '')).toEqual(named(produces));
    const kept = row['state stores'] ?? '';
    // A long list stands where it is defined.
    if (kept.startsWith('see ')) expect(kept).toContain('`libs/contracts/src/state-stores.ts`');
    else expect(namesIn(kept)).toEqual(stores);
  });
});

describe('the table of libraries', () => {
  test('has a row for every lib', () => {
    const libs = readdirSync(join(repositoryRoot, 'libs')).map((lib) =>
      lib === 'vendors' ? 'vendors/<vendor>' : lib,
    );
    expect(libRows.flatMap((row) => namesIn(row['lib'] ?? '')).sort()).toEqual(libs.sort());
  });

  test.each(libRows.map((row) => [namesIn(row['lib'] ?? '')[0] ?? '', row['may import'] ?? ''] as const))(
    'says what %s may import, as the dependency rules do',
    (lib, cell) => {
      const [list = ''] = cell.split(';');
      const stated = list === 'nothing of ours' ? [] : list.split(', ').sort();
      expect(stated).toEqual(allowed.get(lib.replace('/<vendor>', '')));
    },
  );
});

describe.each(Object.keys(facts))('apps/%s/README.md', (app) => {
  const { text } = documentAt(`apps/${app}/README.md`);
  const { consumes, tables, produces, stores, hasTasks } = facts[app] ?? raise(app);
  const row = (name: string): string => new RegExp(`^\\| ${name} \\| (.*) \\|$`, 'm').exec(text)?.[1] ?? '';

  test('says which topics go in and out, as the code does', () => {
    expect(namesIn(row('topics in'))).toEqual(named([...consumes, ...tables]));
    expect(namesIn(row('topics out'))).toEqual(named(produces));
  });

  test('names the stores of the pipeline', () => {
    const stated = row('stores')
      .split(/ · |; /)
      .filter((part) => part.startsWith('`'))
      .flatMap((part) => namesIn(part.split(':')[0] ?? ''));
    expect(stated.sort()).toEqual([...stores, ...(hasTasks ? ['parked', 'timers'] : [])].sort());
  });

  test('says which libs it imports, as its code does', () => {
    const stated = /^May import: ([^\n]*(?:\n[^\n]+)*)/m.exec(text)?.[1] ?? '';
    expect(namesIn(stated)).toEqual(importedLibs(join(repositoryRoot, 'apps', app, 'src')));
  });
});

describe.each(Object.keys(configurations))('the variables in apps/%s/README.md', (app) => {
  test('are read by the code', () => {
    const { text } = documentAt(`apps/${app}/README.md`);
    const first = [...text.matchAll(/^\| ([^|]*`[A-Z][A-Z0-9]+_[A-Z0-9_]+`[^|]*) \|/gm)].flatMap(
      ([, cell = '']) => codeSpans(cell).filter((name) => /^[A-Z][A-Z0-9_]+$/.test(name)),
    );
    const schema = configurations[app];
    const known = schema === undefined ? [] : describeConfig(schema).map(({ name }) => name);
    expect(first.length).toBeGreaterThan(0);
    expect(first.filter((name) => !known.includes(name))).toEqual([]);
  });
});

/** `core`, `vendors`, … as the code that ships imports them. */
function importedLibs(folder: string): string[] {
  const files = filesBelow(folder).filter(
    (file) => file.endsWith('.ts') && !/\.spec\.ts$|\/testing\//.test(file),
  );
  const imports = files.flatMap(
    (file) => readFileSync(file, 'utf8').match(/(?<=from '#libs\/)[\w-]+/g) ?? [],
  );
  return [...new Set(imports)].sort();
}

function raise(app: string): never {
  throw new Error(`no facts about ${app}`);
}
