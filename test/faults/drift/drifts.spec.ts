import { expect, test } from 'vitest';
import { driftsOf } from './drifts.ts';

const entity = {
  Status: 'PAID',
  Id: '007',
  Count: '7',
  Total: 7,
  Lines: [{ Name: 'Work' }, { Name: 'More' }],
};

test('every field is drifted by the rules that fit it, nested ones too', () => {
  const tried = driftsOf(entity).map(({ rule, path }) => `${rule}: ${path}`);
  expect(tried).toEqual([
    'field added: the whole',
    'field removed: Status',
    'null: Status',
    'unknown word: Status',
    'field removed: Id',
    'null: Id',
    'field removed: Count',
    'null: Count',
    'text as number: Count',
    'field removed: Total',
    'null: Total',
    'number as text: Total',
    'field removed: Lines',
    'null: Lines',
    'field removed: Lines.0.Name',
    'null: Lines.0.Name',
  ]);
});

test('one thing is changed and everything else stays', () => {
  const changed = driftsOf(entity).find(
    ({ rule, path }) => rule === 'field removed' && path === 'Lines.0.Name',
  );
  expect(changed?.entity).toEqual({ ...entity, Lines: [{}, { Name: 'More' }] });
  expect(entity.Lines[0]).toEqual({ Name: 'Work' });
});
