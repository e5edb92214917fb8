import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repositoryRoot } from '../lib/paths.ts';

const read = (file: string): string => readFileSync(join(repositoryRoot, file), 'utf8');
const dockerfile = read('deploy/docker/Dockerfile');
const ignored = read('.dockerignore').split('\n');

describe('the image', () => {
  test('is built on the Node release that everything is tested with', () => {
    expect(/^ARG NODE_IMAGE=node:([\d.]+)-/m.exec(dockerfile)?.[1]).toBe(read('.nvmrc').trim());
    expect(dockerfile.match(/^FROM (?!\$\{NODE_IMAGE\})/gm)).toBeNull();
  });

  test('copies only what there is', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files = '']) =>
      files.split(' '),
    );
    expect(copied.length).toBeGreaterThan(5);
    expect(copied.filter((file) => !existsSync(join(repositoryRoot, file)))).toEqual([]);
    const admitted = ignored.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    expect(
      copied.filter((file) => !admitted.some((entry) => file === entry || file.startsWith(`${entry}/`))),
    ).toEqual([]);
  });

  test('leaves the sandbox, tests and development packages out', () => {
    expect(ignored).toContain('*');
    expect(ignored).toContain('apps/sandbox');
    expect(ignored).toContain('**/*.spec.ts');
    expect(dockerfile).toMatch(
      /AS packages\n(?:.*\n)*?RUN npm install --no-save --omit=dev --ignore-scripts/,
    );
    expect(dockerfile).toContain('COPY --from=packages /app/node_modules');
  });

  test("serves the console's static files, which the build leaves alone", () => {
    expect(dockerfile).toContain('COPY apps/console/public ./dist/apps/console/public');
    // Else its script would be there twice, once compiled.
    expect(read('package.json')).toMatch(/"build": "swc apps libs .*\*\*\/public\/\*\*/);
  });

  test('does not run as root, and has no shell before the service', () => {
    const last = dockerfile.slice(dockerfile.lastIndexOf('FROM '));
    expect(/^USER (\d+)/m.exec(last)?.[1]).not.toBe('0');
    expect(last).toMatch(/^USER \d+/m);
    expect(last).toMatch(/^ENTRYPOINT \["node", "run.mjs"\]$/m);
  });
});

describe('run.mjs', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'image-'));
    cpSync(join(repositoryRoot, 'deploy/docker/run.mjs'), join(folder, 'run.mjs'));
    for (const app of ['mapper', 'setup']) {
      mkdirSync(join(folder, 'dist/apps', app, 'src'), { recursive: true });
      const program = `console.log(JSON.stringify(['${app}', ...process.argv.slice(2)]));\n`;
      writeFileSync(join(folder, 'dist/apps', app, 'src/main.js'), program);
    }
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('runs the service that is named, with the arguments after the name', () => {
    const run = (...args: string[]): unknown =>
      JSON.parse(execFileSync(process.execPath, ['run.mjs', ...args], { cwd: folder, encoding: 'utf8' }));
    expect(run('mapper')).toEqual(['mapper']);
    expect(run('setup', '--check')).toEqual(['setup', '--check']);
  });

  test.each(['', 'sandbox', '../dist'])('says which services there are instead of running "%s"', (name) => {
    const { status, stderr } = spawnSync(process.execPath, ['run.mjs', name], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(status).toBe(2);
    expect(stderr).toContain('There are: mapper, setup');
  });
});
