import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { undocumentedVariables } from '#libs/platform';
import { setupConfig } from './setup.config.js';

it('documents every variable in the README', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(undocumentedVariables(setupConfig, readme)).toEqual([]);
});
