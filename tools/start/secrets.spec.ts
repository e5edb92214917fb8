import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadSecrets } from './secrets.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'secrets-spec-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('secrets stay the same from start to start, and a new service gets a token of its own', () => {
  const file = join(folder, 'secrets.json');
  const first = loadSecrets(file, ['ingress', 'mapper']);
  const second = loadSecrets(file, ['ingress', 'mapper', 'crm-writer']);
  expect(second).toMatchObject(first);
  expect(new Set(Object.values(second.serviceTokens)).size).toBe(3);
});

test('the master key is 32 bytes in base64 after its id', () => {
  const { masterKeys } = loadSecrets(join(folder, 'secrets.json'), []);
  const [id, key = ''] = masterKeys.split(':');
  expect(id).toBe('k1');
  expect(Buffer.from(key, 'base64')).toHaveLength(32);
});

test('the file can be read by its owner alone', () => {
  const file = join(folder, 'secrets.json');
  loadSecrets(file, ['ingress']);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});
