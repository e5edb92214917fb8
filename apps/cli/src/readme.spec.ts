import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { undocumentedVariables } from '#libs/platform';
import { commands } from './commands/index.js';
import { cliConfig } from './config/cli.config.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

it('documents every variable in the README', () => {
  expect(undocumentedVariables(cliConfig, readme)).toEqual([]);
});

it('names every command in the README', () => {
  expect(commands.map(({ name }) => name).filter((name) => !readme.includes(`\`${name}`))).toEqual([]);
});
