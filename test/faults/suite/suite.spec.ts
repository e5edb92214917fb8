import { describe, expect, test } from 'vitest';
import { silentProgress } from '../../../tools/lib/progress.ts';
import { faultTests } from '../cases/index.ts';
import { parseSuiteArguments } from './arguments.ts';
import { plainReport } from './fault-test.ts';
import { runSuite } from './run-suite.ts';
import { closingLine, type Finished, renderTable } from './table.ts';

describe('the command line', () => {
  test('runs everything for ten minutes with a seed of its own when nothing is said', () => {
    const wanted = parseSuiteArguments([], 12_345);
    expect(wanted).toMatchObject({ mode: 'faults', minutes: 10, seed: 12_345, json: false });
    expect(wanted.tests).toEqual(faultTests);
  });

  test('takes single faults in the order of the suite, whatever their case', () => {
    const { tests, seed } = parseSuiteArguments(['--only', 'f10,F1', '--seed', '7'], 0);
    expect(tests.map(({ id }) => id)).toEqual(['F1', 'F10']);
    expect(seed).toBe(7);
  });

  test('knows a short form for npm test', () => {
    const { tests, minutes } = parseSuiteArguments(['--short'], 0);
    expect(minutes).toBeLessThan(4);
    expect(tests).toEqual(faultTests.filter(({ short }) => short));
  });

  test.each([
    [['--only', 'F99'], 'There is no fault "F99"'],
    [['--minutes', 'ten'], '--minutes is "ten"; it must be a number from'],
    [['--seed=-1'], '--seed is "-1"'],
    [['--rate', ''], '--rate is ""'],
    [['--fast'], "Unknown option '--fast'"],
  ])('refuses %s and says why', (args, message) => {
    expect(() => parseSuiteArguments(args, 0)).toThrow(message);
  });
});

test('no fault is played with a real vendor', async () => {
  const signal = AbortSignal.abort(new Error('began'));
  const output = { progress: silentProgress, say: () => undefined };
  const running = runSuite(
    parseSuiteArguments([], 0),
    { LEDGERWIRE_XERO_API_URL: 'https://x' },
    output,
    signal,
  );
  await expect(running).rejects.toThrow('LEDGERWIRE_XERO_…');
});

test('every fault has an id of its own', () => {
  expect(new Set(faultTests.map(({ id }) => id)).size).toBe(faultTests.length);
});

describe('the report', () => {
  const good: Finished = {
    test: { id: 'F1', title: 'kills' },
    report: { ...plainReport({ injected: 4, failures: [], figures: { kills: 4 } }), recoveryMs: 2_340 },
  };
  const bad: Finished = {
    test: { id: 'F10', title: 'doubt' },
    report: plainReport({
      injected: 1,
      duplicated: 1,
      uncertain: 3,
      uncertainEnds: { 'found in the list': 2, open: 1 },
      failures: ['I2: 1 doubled'],
      figures: {},
    }),
  };

  test('ends with the line that programs read; one failure of a fault makes the fault fail', () => {
    expect(closingLine([good, bad])).toBe('1 passed, 1 failed');
    expect(closingLine([good])).toBe('1 passed, 0 failed');
  });

  test('shows each fault with its counts, how doubts ended, and what failed', () => {
    const text = renderTable([good, bad]);
    expect(text).toMatch(/✓ F1 +4 .* 2\.3 s/);
    expect(text).toContain('3: 2 found in the list, 1 open');
    expect(text).toContain('✗ I2: 1 doubled');
  });
});
