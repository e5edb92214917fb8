import { expect, test } from 'vitest';
import type { FlowDefinition } from '#libs/contracts';
import { type BookedFlow, FlowBook } from './flow-book.js';
import { TestTable } from './testing/test-table.js';
import { issuedStep } from './testing/mapper-bench.js';

function definition(changes: Partial<FlowDefinition> = {}, steps = issuedStep): FlowDefinition {
  return {
    flowId: 'f1',
    workspaceId: 'w1',
    version: 1,
    enabled: true,
    sourceConnectionId: 'x1',
    targetConnectionId: 't1',
    yaml: `apiVersion: ledgerwire/v1
id: ${changes.flowId ?? 'f1'}
name: Flow
workspace: w1
source: x1
target: t1
steps:${steps}
`,
    updatedAt: 0,
    ...changes,
  };
}

test('finds the flows of a connection within its workspace', () => {
  const table = new TestTable<FlowDefinition>();
  const book = new FlowBook(table);
  expect(book.flowsOf('w1', 'x1')).toEqual([]);
  table.set('f1', definition());
  table.set('f2', definition({ flowId: 'f2' }));
  expect(book.flowsOf('w1', 'x1').map(({ flowId }) => flowId)).toEqual(['f1', 'f2']);
  expect(book.flowsOf('w1', 'x2')).toEqual([]);
  expect(book.flowsOf('w2', 'x1')).toEqual([]);
});

test('parses a version once and takes up a new one', () => {
  const table = new TestTable<FlowDefinition>();
  const book = new FlowBook(table);
  table.set('f1', definition());
  const [first] = book.flowsOf('w1', 'x1');
  expect(book.flowsOf('w1', 'x1')[0]).toBe(first);
  table.set('f1', definition({ version: 2 }));
  expect(book.find('f1')).toMatchObject({ version: 2, flow: { version: 2 } });
  table.delete('f1');
  expect(book.find('f1')).toBeUndefined();
  expect(book.flowsOf('w1', 'x1')).toEqual([]);
});

test('keeps a flow that does not parse, tells of it once and counts it', () => {
  const told: BookedFlow[] = [];
  const table = new TestTable<FlowDefinition>();
  const book = new FlowBook(table, (flow) => void told.push(flow));
  table.set('f1', definition({}, '\n  - nonsense'));
  book.flowsOf('w1', 'x1');
  book.flowsOf('w1', 'x1');
  expect(book.brokenCount()).toBe(1);
  expect(told).toHaveLength(1);
  expect(told[0]?.flow).toBeUndefined();
  expect(told[0]?.problems.length).toBeGreaterThan(0);
});
