import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkFlow, InlineRenderer } from './index.js';

const directory = new URL('../../../flows/', import.meta.url);
const files = readdirSync(directory).filter((name) => name.endsWith('.yaml'));

describe('ready flows', () => {
  it.each(files)('%s is a flow whose templates render with full and sparse records', async (file) => {
    const yaml = readFileSync(new URL(file, directory), 'utf8');
    const checked = await checkFlow(yaml, new InlineRenderer());
    expect(checked).toMatchObject({ ok: true, flow: { id: file.replace('.yaml', '') } });
  });
});
