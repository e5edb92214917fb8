import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { serviceSchema, undocumentedVariables } from '#libs/platform';
import { sandboxConfig } from './sandbox.config.js';

test('the README names every variable', () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
  expect(undocumentedVariables(serviceSchema(sandboxConfig), readme)).toEqual([]);
});
