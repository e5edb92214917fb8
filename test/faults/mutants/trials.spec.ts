import { describe, expect, test } from 'vitest';
import { mutantsToTry, readFaultRun } from './trials.ts';

test('there is a mutant for each mechanism that the promises rest on', () => {
  expect(mutantsToTry().map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'sender-command-states',
      'sender-intent',
      'sender-reconciliation',
      'task-fencing',
      'task-doubtful-producer',
      'task-watermark',
      'mapper-recheck',
    ]),
  );
});

describe('a run of the fault suite', () => {
  test('is red when an invariant is broken, with the sentence that says so', () => {
    const output = 'table\n      ✗ I2: 3 doubled: 2 messages for invoice INV-1\n2 passed, 1 failed\n';
    expect(readFaultRun(1, output)).toEqual({
      verdict: 'red',
      why: 'I2: 3 doubled: 2 messages for invoice INV-1',
    });
  });

  test('is broken, and not red, when the system did not even start', () => {
    expect(readFaultRun(1, 'Kafka did not start\n0 passed, 1 failed\n').verdict).toBe('broken');
    expect(readFaultRun(1, '      ✗ could not be run to its end: x\n0 passed, 1 failed').verdict).toBe(
      'broken',
    );
    expect(readFaultRun(1, 'killed').verdict).toBe('broken');
  });

  test('is green only with its closing line', () => {
    expect(readFaultRun(0, '3 passed, 0 failed\n').verdict).toBe('green');
    expect(readFaultRun(0, '').verdict).toBe('broken');
  });
});
