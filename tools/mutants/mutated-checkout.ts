import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { transformFileSync } from '@swc/core';
import { repositoryRoot, statePaths } from '../lib/paths.ts';
import { UserError } from '../lib/user-error.ts';
import { filesOf, mutateText, type Mutant } from './mutant.ts';

/** A copy of this checkout, built, in which a mechanism is missing. Commands run in it as in any checkout. */
export interface MutatedCheckout {
  /** Run with this as working directory, e.g. `node tools/start.ts --once`; its state folder is its own. */
  readonly root: string;
  /** The mutated build: `dist/apps/<name>/src/main.js` and so on. */
  readonly dist: string;
  /** Deletes the copy. End what runs in it first. */
  remove(): void;
}

/** Not copied: what is large and the same, or not for others. */
const LEFT_OUT = new Set(['.git', '.ledgerwire', 'node_modules', 'coverage']);

/**
 * Copies the checkout (sources and build; packages and downloads are shared by links) to a scratch folder, applies the mutant
 * there and compiles the files that it changes. The working tree is never touched. Takes about a second.
 *
 * @param mutant undefined makes an unchanged copy, for the run that must be green.
 * @throws UserError when there is no build; Error when the mutant does not fit the sources.
 */
export function makeMutatedCheckout(mutant: Mutant | undefined): MutatedCheckout {
  const root = mkdtempSync(join(tmpdir(), `ledgerwire-mutant-${mutant?.name ?? 'none'}-`));
  const remove = (): void => rmSync(root, { recursive: true, force: true });
  try {
    // The account that runs PostgreSQL must get through.
    chmodSync(root, 0o755);
    copyCheckout(root);
    if (mutant) for (const file of filesOf(mutant)) mutateFile(root, mutant, file);
    return { root, dist: join(root, 'dist'), remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function copyCheckout(root: string): void {
  const entries = readdirSync(repositoryRoot);
  if (!entries.includes('dist')) throw new UserError('There is no build: run "npm run build".');
  for (const entry of entries) {
    if (!LEFT_OUT.has(entry)) cpSync(join(repositoryRoot, entry), join(root, entry), { recursive: true });
  }
  symlinkSync(join(repositoryRoot, 'node_modules'), join(root, 'node_modules'));
  const { root: state } = statePaths(join(root, '.ledgerwire'));
  mkdirSync(state);
  symlinkSync(statePaths().lib, join(state, 'lib'));
}

function mutateFile(root: string, mutant: Mutant, file: string): void {
  const source = join(root, file);
  writeFileSync(source, mutateText(mutant, file, readFileSync(source, 'utf8')));
  const compiled = join(root, 'dist', file.replace(/\.ts$/, '.js'));
  const { code, map } = transformFileSync(source, { cwd: root, configFile: join(root, '.swcrc') });
  mkdirSync(dirname(compiled), { recursive: true });
  writeFileSync(compiled, code);
  if (map !== undefined) writeFileSync(`${compiled}.map`, map);
}
