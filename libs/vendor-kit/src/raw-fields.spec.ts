import { expect, test } from 'vitest';
import { RawFields } from './raw-fields.js';

const fields = new RawFields(
  {
    text: 'x',
    empty: '',
    nothing: null,
    amount: '12.50',
    tiny: 1e-7,
    yes: 'true',
    list: [{ a: 1 }],
    odd: {},
  },
  'thing',
);

test('reads what is there and has an answer for what is not', () => {
  expect(fields.text('text')).toBe('x');
  expect(['empty', 'nothing', 'absent'].map((name) => fields.text(name))).toEqual([null, null, null]);
  expect(fields.amount('amount')).toBe('12.5');
  expect(fields.amount('absent')).toBeNull();
  expect(fields.flag('yes')).toBe(true);
  expect(fields.flag('absent')).toBe(false);
  expect(fields.list('list')[0]?.text('a')).toBe('1');
  expect(fields.list('absent')).toEqual([]);
  expect(fields.object('absent')).toBeNull();
});

test('names the field that does not fit, however deep, and nothing of its value', () => {
  expect(() => fields.requiredText('absent')).toThrow(/thing\.absent/);
  expect(() => fields.amount('text')).toThrow(/thing\.text/);
  expect(() => fields.amount('tiny')).toThrow(/thing\.tiny/);
  expect(() => fields.flag('text')).toThrow(/thing\.text/);
  expect(() => fields.text('odd')).toThrow(/thing\.odd/);
  expect(() => fields.list('odd')).toThrow(/thing\.odd/);
  expect(() => fields.list('list')[0]?.requiredAmount('b')).toThrow(/thing\.list\.b/);
  expect(() => new RawFields('text', 'thing')).toThrow(
    expect.objectContaining({ code: 'unmappable', disposition: 'dead-letter' }),
  );
});
