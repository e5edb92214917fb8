import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { serviceSchema, undocumentedVariables } from '#libs/platform';
import { ingressConfig } from './ingress.config.js';

it('documents every variable in the README', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(undocumentedVariables(serviceSchema(ingressConfig), readme)).toEqual([]);
});
