import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { repositoryRoot } from '../lib/paths.ts';

/** A small tree in which each import that a rule forbids happens once: rule → importing file → import. */
const VIOLATIONS: readonly (readonly [rule: string, file: string, imported: string])[] = [
  ['no-unresolvable', 'apps/ingress/src/lost.ts', './nowhere.js'],
  ['apps-apart', 'apps/ingress/src/neighbour.ts', '../../mapper/src/main.js'],
  ['libs-below-apps', 'libs/platform/src/upwards.ts', '../../../apps/mapper/src/main.js'],
  ['nothing-ships-tools', 'apps/ingress/src/tooling.ts', '../../../tools/helper.js'],
  ['specs-are-leaves', 'apps/ingress/src/testing.ts', './ingress.spec.js'],
  ['nothing-ships-test-kit', 'apps/ingress/src/fakes.ts', '#libs/testing'],
  ['nothing-ships-test-kit', 'apps/ingress/src/bench.ts', './testing/bench.js'],
  ['libs-by-their-door', 'apps/ingress/src/window.ts', '../../../libs/core/src/inner.js'],
  ['layer-core', 'libs/core/src/upwards.ts', '#libs/contracts'],
  ['layer-contracts', 'libs/contracts/src/upwards.ts', '#libs/platform'],
  ['layer-platform', 'libs/platform/src/topics.ts', '#libs/contracts'],
  ['layer-streams', 'libs/streams/src/vendor.ts', '#libs/vendor-kit'],
  ['layer-vendor-kit', 'libs/vendor-kit/src/one-vendor.ts', '#libs/vendors/xero'],
  ['layer-flows', 'libs/flows/src/broker.ts', '#libs/streams'],
  ['layer-persistence', 'libs/persistence/src/topics.ts', '#libs/contracts'],
  ['layer-vendors', 'libs/vendors/xero/src/other.ts', '#libs/vendors/twilio'],
  ['home-of-kafka', 'apps/ingress/src/kafka.ts', 'kafkajs'],
  ['home-of-kafka', 'libs/flows/src/registry.ts', '@kafkajs/confluent-schema-registry'],
  ['home-of-typeorm', 'apps/console/src/query.ts', 'typeorm'],
  ['home-of-metrics', 'libs/flows/src/count.ts', 'prom-client'],
  ['home-of-nest', 'libs/vendor-kit/src/module.ts', '@nestjs/common'],
  ['home-of-breaker', 'apps/fetcher/src/breaker.ts', 'opossum'],
  ['home-of-templates', 'apps/mapper/src/render.ts', 'liquidjs'],
  ['small-core', 'libs/core/src/validate.ts', 'zod'],
  ['no-development-packages', 'apps/ingress/src/arbitrary.ts', 'fast-check'],
  ['no-undeclared-packages', 'apps/ingress/src/stowaway.ts', 'stowaway'],
];

/** What the same rules must let through. */
const ALLOWED: readonly (readonly [file: string, imported: string])[] = [
  ['apps/ingress/src/main.ts', '#libs/streams'],
  ['apps/ingress/src/nest.ts', '@nestjs/common'],
  ['apps/ingress/src/ingress.spec.ts', '../../../tools/helper.js'],
  ['apps/ingress/src/testing/bench.ts', '../../../../tools/helper.js'],
  ['libs/vendor-kit/src/index.ts', './testing/fake-vendor.js'],
  ['apps/mapper/src/main.ts', '#libs/flows'],
  ['libs/core/src/inner.ts', 'decimal.js'],
  ['libs/contracts/src/avro.ts', 'avsc'],
  ['libs/streams/src/client.ts', 'kafkajs'],
  ['libs/persistence/src/source.ts', 'typeorm'],
  ['libs/flows/src/engine.ts', 'liquidjs'],
  ['libs/vendor-kit/src/transport.ts', 'opossum'],
  ['libs/vendors/xero/src/client.ts', '#libs/vendor-kit'],
  ['libs/vendors/src/all.ts', '#libs/vendors/xero'],
];

const LIBS = ['core', 'contracts', 'platform', 'streams', 'vendor-kit', 'flows', 'persistence', 'testing'];
const VENDORS = ['vendors/xero', 'vendors/twilio'];
const DEVELOPMENT = ['fast-check'];
const UNDECLARED = ['stowaway'];

const reportSchema = z.object({
  summary: z.object({
    violations: z.array(z.object({ from: z.string(), rule: z.object({ name: z.string() }) })),
  }),
});

let root: string;
let found: string[];

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'dependency-rules-'));
  plant();
  found = cruise();
  // dependency-cruiser is a program of its own, and machines are busy.
}, 60_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

function plant(): void {
  for (const lib of [...LIBS, ...VENDORS]) write(`libs/${lib}/src/index.ts`, 'export const here = 1;\n');
  for (const app of ['console', 'fetcher']) write(`apps/${app}/src/main.ts`, 'export const here = 1;\n');
  write('libs/vendor-kit/src/testing/fake-vendor.ts', 'export const here = 1;\n');
  write('tools/helper.ts', 'export const here = 1;\n');
  const edges = [...VIOLATIONS.map(([, file, imported]) => [file, imported] as const), ...ALLOWED];
  for (const [file, imported] of edges) write(file, `import '${imported}';\n`);
  write('libs/core/src/egg.ts', "import './hen.js';\n");
  write('libs/core/src/hen.ts', "import './egg.js';\n");

  const packages = edges.map(([, imported]) => imported).filter((name) => /^[@a-z]/.test(name));
  for (const name of packages) {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
    write(`node_modules/${name}/index.js`, 'module.exports = {};\n');
  }
  const versions = (names: readonly string[]): object =>
    Object.fromEntries(names.map((name) => [name, '1.0.0']));
  const runtime = packages.filter((name) => ![...DEVELOPMENT, ...UNDECLARED].includes(name));
  const imports = { '#libs/*': { source: './libs/*/src/index.ts', default: './dist/libs/*/src/index.js' } };
  const manifest = {
    type: 'module',
    imports,
    dependencies: versions(runtime),
    devDependencies: versions(DEVELOPMENT),
  };
  write('package.json', JSON.stringify(manifest));
  write(
    'tsconfig.json',
    JSON.stringify({ compilerOptions: { module: 'nodenext', customConditions: ['source'] } }),
  );
}

/** `rule file` of every violation. */
function cruise(): string[] {
  const program = join(repositoryRoot, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const config = join(repositoryRoot, '.dependency-cruiser.cjs');
  const args = [program, '--config', config, '--no-cache', '--output-type', 'json', 'apps', 'libs', 'tools'];
  const report = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  const { summary } = reportSchema.parse(JSON.parse(report));
  return summary.violations.map(({ rule, from }) => `${rule.name} ${from}`);
}

describe('the dependency rules', () => {
  test.each(VIOLATIONS)('%s bites in %s', (rule, file) => {
    expect(found).toContain(`${rule} ${file}`);
  });

  test('no-cycles bites', () => {
    expect(found).toContain('no-cycles libs/core/src/egg.ts');
  });

  test.each(ALLOWED)('let %s import %s', (file) => {
    expect(found.filter((violation) => violation.endsWith(` ${file}`))).toEqual([]);
  });

  test('are all proven here', async () => {
    const config = (await import(join(repositoryRoot, '.dependency-cruiser.cjs'))) as {
      default: { forbidden: { name: string; comment: string }[] };
    };
    const rules = config.default.forbidden.map(({ name }) => name);
    expect(new Set([...VIOLATIONS.map(([rule]) => rule), 'no-cycles'])).toEqual(new Set(rules));
  });
});
