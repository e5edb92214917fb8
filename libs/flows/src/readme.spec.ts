import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { modelFields } from './conditions/model-fields.js';
import { checkFlow, InlineRenderer, parseFlow, skipReasons } from './index.js';
import { triggerNames } from './events/triggers.js';
import { flowKeys } from './definition/flow.schema.js';
import { allowedTags } from './templates/template-engine.js';
import { allowedFilters, ownFilters } from './templates/template-filters.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const examples = [...readme.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, yaml = '']) => yaml);
const head =
  'apiVersion: ledgerwire/v1\nid: example\nname: Example\nworkspace: w\nsource: s\ntarget: t\nsteps:\n';

/** The names of a description, those of list items included. */
function namesIn(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const inner = Object.entries(node).flatMap(([name, value]) => [name, ...namesIn(value)]);
  return Array.isArray(node) ? node.flatMap((item) => namesIn(item)) : inner;
}

describe('README', () => {
  it('shows examples', () => {
    expect(examples.length).toBeGreaterThanOrEqual(4);
  });

  it.each(examples.map((yaml, index) => [index + 1, yaml] as const))(
    'example %i is a flow that renders',
    async (_, yaml) => {
      const checked = await checkFlow(
        yaml.startsWith('apiVersion') ? yaml : head + yaml,
        new InlineRenderer(),
      );
      expect(checked.ok ? [] : checked.problems).toEqual([]);
    },
  );

  it.each<[string, readonly string[]]>([
    ['trigger', triggerNames],
    ['reason', Object.keys(skipReasons)],
    ['tag', allowedTags],
    ['filter', [...allowedFilters, ...ownFilters]],
    ['field', namesIn(modelFields)],
    ['key', flowKeys],
  ])('names every %s', (_, names) => {
    expect(names.filter((name) => !readme.includes(`\`${name}\``) && !readme.includes(`${name}:`))).toEqual(
      [],
    );
  });

  it('shows the keys of the file in its first example', () => {
    const parsed = parseFlow(examples[0] ?? '');
    expect(parsed).toMatchObject({
      ok: true,
      flow: { enabled: true, activeFrom: '2026-11-21', locale: 'en-GB' },
    });
  });
});
