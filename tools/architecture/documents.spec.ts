import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { filesBelow } from '../bootstrap/stamps.mjs';
import { repositoryRoot } from '../lib/paths.ts';
import { blockLines, codeSpans, type Document, documents, linkTargets } from './markdown.ts';

const exists = (path: string): boolean => existsSync(join(repositoryRoot, path));
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')));
const vendorFolders = readdirSync(join(repositoryRoot, 'libs/vendors')).filter((name) =>
  exists(`libs/vendors/${name}/src`),
);
const specs = ['apps', 'libs', 'test', 'tools']
  .flatMap((folder) => filesBelow(join(repositoryRoot, folder)))
  .filter((file) => file.endsWith('.spec.ts'));

describe.each(documents().map((document) => [document.path, document] as const))('%s', (_path, document) => {
  test('links to files that exist', () => {
    const targets = linkTargets(document.text).map((target) => join(dirname(document.path), target));
    expect(targets.filter((target) => !exists(target))).toEqual([]);
  });

  test('names files and folders that exist', () => {
    expect(pathsIn(document).filter(({ found }) => !found)).toEqual([]);
  });

  test('names tests that exist', () => {
    const named = codeSpans(document.text).flatMap(
      (span) => /^([\w./-]+\.spec)(\.ts)?$/.exec(span)?.[1] ?? [],
    );
    expect(
      named.filter((name) => !specs.some((file) => file.endsWith(`/${name.split('/').at(-1) ?? name}.ts`))),
    ).toEqual([]);
  });

  test('shows commands that there are, with options that their help has', () => {
    const commands = [...codeSpans(document.text), ...blockLines(document.text)].flatMap(commandsIn);
    expect(commands.flatMap(faultsOf)).toEqual([]);
  });
});

test('README.md names options that a command has', () => {
  const helps = readdirSync(join(repositoryRoot, 'tools')).filter((name) => name.endsWith('.help.txt'));
  const known = helps.map((name) => readFileSync(join(repositoryRoot, 'tools', name), 'utf8')).join('\n');
  const { text } = documents().find(({ path }) => path === 'README.md') ?? { text: '' };
  const options = codeSpans(text).flatMap((span) => /^--[a-z][a-z-]*/.exec(span)?.[0] ?? []);
  expect(options.length).toBeGreaterThan(2);
  expect(options.filter((option) => !new RegExp(`${option}(?![a-z-])`).test(known))).toEqual([]);
});

/** Code spans that are paths: from the root, or from the document's folder (`src/…`). */
function pathsIn({ path, text }: Document): { span: string; found: boolean }[] {
  const home = dirname(path);
  return codeSpans(text).flatMap((span) => {
    const [target = ''] = /^[\w@.<>/*-]+\/[\w@.<>/*-]*$/.exec(span) ?? [];
    const fromRoot = /^(apps|libs|tools|test|deploy|flows|docs)\//.test(target);
    const fromHere = /^(src|http|steps|local|infra|start|checks|toolchain|architecture)\//.test(target);
    if (!fromRoot && !fromHere) return [];
    const places = fromRoot ? [target] : [join(home, target), join(home, 'src', target)];
    return [{ span, found: places.some(matchesSomething) }];
  });
}

/** `<vendor>` stands for each vendor and `*` for anything: something must fit. */
function matchesSomething(path: string): boolean {
  const candidates = path.includes('<vendor>')
    ? vendorFolders.map((vendor) => path.replaceAll('<vendor>', vendor))
    : [path];
  return candidates.some((candidate) => {
    const [fixed = ''] = candidate.split(/[^/]*[*<]/);
    return exists(fixed);
  });
}

/** `npm …` and `npx vitest …` commands of a line of code. */
function commandsIn(line: string): string[] {
  const found = /(?:^|\s)(npm (?:start|test|run [\w:]+)|npx vitest run)\b[^;&|`]*/.exec(line)?.[0];
  return found === undefined ? [] : [found.replace(/\s{2,}.*$/, '').trim()];
}

function faultsOf(command: string): string[] {
  const words = command.split(/\s+/);
  if (words[0] === 'npx') {
    const paths = words.filter((word) => /^(apps|libs|test|tools)\//.test(word));
    return paths.filter((path) => !testsAt(path)).map((path) => `${command}: no test at ${path}`);
  }
  const script = words[1] === 'run' ? (words[2] ?? '') : (words[1] ?? '');
  if (scripts[script] === undefined) return [`${command}: package.json has no script "${script}"`];
  const help = `tools/${script}.help.txt`;
  if (!exists(help)) return [];
  const text = readFileSync(join(repositoryRoot, help), 'utf8');
  const options = command.match(/--[a-z][a-z-]+/g) ?? [];
  return options
    .filter((option) => option !== '--help' && !new RegExp(`${option}(?![a-z-])`).test(text))
    .map((option) => `${command}: ${help} does not have ${option}`);
}

/** vitest takes any part of a test file's path. */
function testsAt(path: string): boolean {
  return path.includes('<') || specs.some((file) => file.slice(repositoryRoot.length + 1).includes(path));
}
