import { expect, test } from 'vitest';
import { sumOf } from './metrics.ts';

const text = `# HELP calls_total calls
# TYPE calls_total counter
calls_total{vendor="xero",outcome="ok"} 3
calls_total{vendor="xero",outcome="failed"} 2
calls_total_seconds 9
plain 4.5
`;

test('adds up the samples of one metric, by labels where asked', () => {
  expect(sumOf(text, 'calls_total', {})).toBe(5);
  expect(sumOf(text, 'calls_total', { outcome: 'ok' })).toBe(3);
  expect(sumOf(text, 'plain', {})).toBe(4.5);
});

test('is nothing where there is no such metric', () => {
  expect(sumOf(text, 'calls', {})).toBe(0);
  expect(sumOf('', 'plain', {})).toBe(0);
});
