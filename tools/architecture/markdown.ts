import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow } from '../bootstrap/stamps.mjs';
import { repositoryRoot } from '../lib/paths.ts';

/** A Markdown file of the repository. */
export interface Document {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
}

const FOLDERS = ['apps', 'libs', 'tools', 'deploy', 'docs', 'flows', 'test'];

/** Every document that people read. */
export function documents(): readonly Document[] {
  const top = readdirSync(repositoryRoot).filter((name) => name.endsWith('.md'));
  const below = FOLDERS.flatMap((folder) => filesBelow(join(repositoryRoot, folder)))
    .filter((file) => file.endsWith('.md') && !file.includes('node_modules'))
    .map((file) => file.slice(repositoryRoot.length + 1));
  return [...top, ...below].map((path) => documentAt(path));
}

/** @throws when there is no such file. */
export function documentAt(path: string): Document {
  return { path, text: readFileSync(join(repositoryRoot, path), 'utf8') };
}

/** What stands in `backticks` within lines, code blocks left out. */
export function codeSpans(text: string): readonly string[] {
  return [...withoutBlocks(text).matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
}

/** The lines of fenced code blocks. */
export function blockLines(text: string): readonly string[] {
  return [...text.matchAll(/^```\w*\n([^]*?)^```$/gm)].flatMap(([, body = '']) => body.split('\n'));
}

/** The targets of links to files: no addresses, no anchors. */
export function linkTargets(text: string): readonly string[] {
  return [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target.replace(/#.*$/, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target));
}

/**
 * The rows of the table whose first line holds all these headings, as cells by heading.
 * @throws when there is none.
 */
export function tableRows(
  text: string,
  headings: readonly string[],
): readonly Readonly<Record<string, string>>[] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith('|') && sameCells(cellsOf(line), headings));
  if (start < 0) throw new Error(`there is no table with the headings ${headings.join(', ')}`);
  const length = lines.slice(start).findIndex((line) => !line.startsWith('|'));
  const rows = lines.slice(start + 2, length < 0 ? undefined : start + length);
  return rows.map((row) =>
    Object.fromEntries(cellsOf(row).map((cell, index) => [headings[index] ?? String(index), cell])),
  );
}

/** `names` in a text, without those in parentheses: these explain the name before them. */
export function namesIn(cell: string): readonly string[] {
  return [...codeSpans(cell.replaceAll(/\([^)]*\)/g, ''))].sort();
}

function cellsOf(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

function sameCells(cells: readonly string[], headings: readonly string[]): boolean {
  return cells.length === headings.length && cells.every((cell, index) => cell === headings[index]);
}

function withoutBlocks(text: string): string {
  return text.replaceAll(/^```[^]*?^```$/gm, '');
}
