import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareWithMain } from './compare-revisions.ts';
import { type AvroDocument, incompatibilities, parseDocument } from './compatibility.ts';

function record(...fields: readonly object[]): AvroDocument {
  return { type: 'record', name: 'Thing', namespace: 'ledgerwire', fields };
}

const id = { name: 'id', type: 'string' };

describe('two versions of a schema', () => {
  it('are compatible both ways when a field with a default is added', () => {
    expect(
      incompatibilities(record(id), record(id, { name: 'note', type: ['null', 'string'], default: null })),
    ).toEqual([]);
  });

  it('are compatible both ways when a field with a default is removed', () => {
    expect(incompatibilities(record(id, { name: 'count', type: 'int', default: 0 }), record(id))).toEqual([]);
  });

  it('are not when a field without a default is added, because old records cannot be read', () => {
    expect(incompatibilities(record(id), record(id, { name: 'count', type: 'int' }))).toEqual([
      expect.stringContaining('the new schema cannot read old records'),
    ]);
  });

  it('are not when a field without a default is removed, because a running service could not read new records', () => {
    expect(incompatibilities(record(id, { name: 'count', type: 'int' }), record(id))).toEqual([
      expect.stringContaining('the old schema cannot read new records'),
    ]);
  });

  it('are not when a number grows, which reads in one direction only', () => {
    const before = record({ name: 'count', type: 'int' });
    const after = record({ name: 'count', type: 'long' });
    expect(incompatibilities(before, after)).toHaveLength(1);
  });

  it('are not when a union gets another branch', () => {
    const before = record({ name: 'note', type: ['null', 'string'], default: null });
    const after = record({ name: 'note', type: ['null', 'string', 'int'], default: null });
    expect(incompatibilities(before, after)).toEqual([expect.stringContaining('the old schema cannot read')]);
  });

  it('are not when the scale of a decimal moves, although the bytes can be read', () => {
    const amount = (scale: number): object => ({
      name: 'amount',
      type: ['null', { type: 'bytes', logicalType: 'decimal', precision: 18, scale }],
      default: null,
    });
    expect(incompatibilities(record(amount(4)), record(amount(2)))).toEqual([
      'amount was decimal(18, 4) over bytes and is now decimal(18, 2) over bytes',
    ]);
  });

  it('are not when a plain number becomes a time inside a list of records', () => {
    const list = (type: unknown): object => ({
      name: 'rows',
      type: { type: 'array', items: { type: 'record', name: 'Row', fields: [{ name: 'at', type }] } },
    });
    const before = record(list({ type: 'long' }));
    const after = record(list({ type: 'long', logicalType: 'timestamp-millis' }));
    expect(incompatibilities(before, after)).toEqual([
      'rows[].at was a plain long and is now timestamp-millis over long',
    ]);
  });

  it('must be JSON objects', () => {
    expect(() => parseDocument('[]', 'a.avsc')).toThrow('a.avsc is not a JSON object');
    expect(() => parseDocument('{', 'a.avsc')).toThrow('a.avsc is not JSON');
  });
});

describe('the comparison of a working tree with main', () => {
  let schemasDir: string;

  beforeEach(() => {
    schemasDir = mkdtempSync(join(tmpdir(), 'schemas-'));
    git('init', '-q', '-b', 'main');
  });

  afterEach(() => rmSync(schemasDir, { recursive: true, force: true }));

  function git(...args: string[]): void {
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
      cwd: schemasDir,
      stdio: 'ignore',
    });
  }

  function write(...fields: readonly object[]): void {
    mkdirSync(join(schemasDir, 'state'), { recursive: true });
    writeFileSync(join(schemasDir, 'state', 'thing.avsc'), JSON.stringify(record(...fields)));
  }

  function commit(): void {
    git('add', '.');
    git('commit', '-q', '-m', 'state');
  }

  it('catches an incompatible change before it is committed', () => {
    write(id);
    commit();
    write(id, { name: 'count', type: 'int' });
    const { problems } = compareWithMain(schemasDir);
    expect(problems).toEqual([expect.stringContaining('ledgerwire.Thing: not compatible with main')]);
  });

  it('catches it on main itself, in the commit that made it', () => {
    write(id);
    commit();
    write(id, { name: 'count', type: 'int' });
    commit();
    expect(compareWithMain(schemasDir).problems).toEqual([
      expect.stringContaining('ledgerwire.Thing: not compatible with main~1'),
    ]);
  });

  it('passes a compatible change and says when a schema has gone', () => {
    write(id);
    commit();
    write(id, { name: 'count', type: 'int', default: 0 });
    expect(compareWithMain(schemasDir)).toEqual({ problems: [], notes: [], compared: 1 });
    rmSync(join(schemasDir, 'state'), { recursive: true });
    expect(compareWithMain(schemasDir).notes).toEqual(['ledgerwire.Thing is in main and no longer here']);
  });

  it('has nothing to say in an empty repository, and refuses a base without schemas', () => {
    write(id);
    expect(compareWithMain(schemasDir)).toEqual({ problems: [], notes: [], compared: 0 });
    expect(() => compareWithMain(schemasDir, 'v1')).toThrow('there are no schemas in revision v1');
  });
});
