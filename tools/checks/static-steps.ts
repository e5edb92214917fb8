import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { filesBelow } from '../bootstrap/stamps.mjs';
import { repositoryRoot } from '../lib/paths.ts';
import { runNode, type Step, type StepResult } from './step.ts';

const CACHE = '.ledgerwire/cache';
const GENERATED = 'libs/contracts/src/generated';
const GENERATOR = 'libs/contracts/scripts/generate.ts';
const COMPATIBILITY = 'libs/contracts/scripts/check-compatibility.ts';

/** Everything that is checked without running the product, cheapest first. */
export function staticSteps(): Step[] {
  return [
    {
      ...tool('prettier', 'prettier/bin/prettier.cjs', [
        '--check',
        '--log-level=warn',
        '--cache',
        `--cache-location=${CACHE}/prettier.json`,
        '.',
      ]),
      remedy: 'npm run format',
    },
    tool('oxlint', 'oxlint/bin/oxlint', ['--type-aware', '--deny-warnings']),
    tool('tsc', 'typescript/bin/tsc', [
      '--noEmit',
      '--incremental',
      `--tsBuildInfoFile`,
      `${CACHE}/tsc.tsbuildinfo`,
      '-p',
      'tsconfig.json',
    ]),
    tool('dependency-cruiser', 'dependency-cruiser/bin/dependency-cruiser.mjs', [
      '--config',
      '.dependency-cruiser.cjs',
      ...['apps', 'libs', 'tools', 'test'].filter((folder) => existsSync(join(repositoryRoot, folder))),
    ]),
    tool('knip', 'knip/bin/knip.js', ['--no-config-hints']),
    { name: 'generated', run: checkGenerated },
    { name: 'schemas', run: () => verdict([COMPATIBILITY]) },
    { name: 'links', run: checkLinks },
  ];
}

/** A program from node_modules; green when it exits 0. */
function tool(name: string, program: string, args: readonly string[]): Step {
  return { name, run: () => verdict([join('node_modules', program), ...args]) };
}

async function verdict(args: readonly string[]): Promise<StepResult> {
  const { code, output } = await runNode(args);
  return { ok: code === 0, output };
}

/**
 * Loads every lib of the build as Node itself links it. The tests run from TypeScript through vitest, which forgives an
 * import that a CommonJS package does not offer by name; Node does not, and then no service starts.
 */
async function checkLinks(): Promise<StepResult> {
  const indexes = filesBelow(join(repositoryRoot, 'dist/libs')).filter((file) =>
    /libs\/(vendors\/)?[^/]+\/src\/index\.js$/.test(file.replaceAll('\\', '/')),
  );
  if (indexes.length === 0) return { ok: false, output: 'There is no build: run "npm run build".' };
  const program = indexes
    .map((file) => `await import(${JSON.stringify(pathToFileURL(file).href)});`)
    .join('\n');
  const { code, output } = await runNode(['--input-type=module', '--eval', `${program}\nprocess.exit(0);`]);
  return { ok: code === 0, output };
}

/** The types in the repository must be what the generator makes of the schemas in the repository. */
async function checkGenerated(): Promise<StepResult> {
  const before = snapshot();
  const { code, output } = await runNode([GENERATOR]);
  if (code !== 0) return { ok: false, output };
  const after = snapshot();
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
    (file) => before.get(file) !== after.get(file),
  );
  if (changed.length === 0) return { ok: true };
  const list = changed.map((file) => `  ${file}\n`).join('');
  return { ok: false, output: `Out of date, and written anew just now; commit them:\n${list}` };
}

function snapshot(): Map<string, string> {
  const files = filesBelow(join(repositoryRoot, GENERATED));
  return new Map(files.map((file) => [file, readFileSync(file, 'utf8')]));
}
