import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

/** A hash over the contents of files, in the order given. */
export function fingerprintFiles(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

/**
 * A hash over the names, sizes and times of everything below some folders and of single files: changes when a source
 * was added, removed or written, and costs a few milliseconds.
 *
 * @param {string} root
 * @param {readonly string[]} paths relative to the root; missing ones are passed over
 */
export function fingerprintTree(root, paths) {
  const hash = createHash('sha256');
  for (const path of paths) {
    for (const file of filesBelow(join(root, path))) {
      const { size, mtimeMs } = statSync(file);
      hash.update(`${relative(root, file)}:${size}:${mtimeMs}\n`);
    }
  }
  return hash.digest('hex');
}

/** All files below a folder (or the file itself), sorted; empty when there is none. */
export function filesBelow(path) {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

/**
 * True when node_modules holds what package-lock.json asks for: every package that is not optional, at its version.
 * npm notes what it installed in node_modules/.package-lock.json.
 *
 * @param {object} lock package-lock.json
 * @param {object | undefined} installed node_modules/.package-lock.json
 */
export function matchesLock(lock, installed) {
  if (installed?.packages === undefined) return false;
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (path === '' || wanted.link === true) return true;
    const found = installed.packages[path];
    return found === undefined
      ? wanted.optional === true || wanted.peer === true
      : found.version === wanted.version;
  });
}

/** True when package-lock.json was made for the dependencies that package.json names. */
export function lockFitsManifest(lock, manifest) {
  const noted = lock?.packages?.[''] ?? {};
  return ['dependencies', 'devDependencies', 'optionalDependencies'].every((kind) => {
    const [a, b] = [noted[kind] ?? {}, manifest[kind] ?? {}];
    const names = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...names].every((name) => a[name] === b[name]);
  });
}

/** Removes compiled files whose source is gone, so that nothing runs what is no longer there. Returns what it removed. */
export function removeOrphans(root, outputFolder, sourceFolders) {
  const removed = [];
  for (const folder of sourceFolders) {
    for (const file of filesBelow(join(root, outputFolder, folder))) {
      const compiled = /^(.*)\.js(\.map)?$/.exec(relative(join(root, outputFolder), file));
      if (compiled === null || existsSync(join(root, `${compiled[1]}.ts`))) continue;
      rmSync(file);
      removed.push(file);
    }
  }
  return removed;
}
