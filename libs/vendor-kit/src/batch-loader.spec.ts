import { expect, test } from 'vitest';
import { BatchLoader } from './batch-loader.js';

class BadKey extends Error {}

interface Call {
  readonly keys: readonly string[];
  answer: () => void;
  fail: (error: Error) => void;
}

function create(maxBatch = 3): { loader: BatchLoader<string>; calls: Call[] } {
  const calls: Call[] = [];
  const loader = new BatchLoader<string>({
    maxBatch,
    isKeyFault: (error) => error instanceof BadKey,
    fetch: (keys) => {
      const { promise, resolve, reject } = Promise.withResolvers<Map<string, string>>();
      calls.push({
        keys,
        answer: () => resolve(new Map(keys.map((key) => [key, key.toUpperCase()]))),
        fail: reject,
      });
      return promise;
    },
  });
  return { loader, calls };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('an idle loader calls at once', async () => {
  const { loader, calls } = create();
  const value = loader.load('a');
  await Promise.resolve();
  expect(calls).toHaveLength(1);
  calls[0]?.answer();
  expect(await value).toBe('A');
});

test('is idle by the time its last answer arrives, so that who asked can let go of it', async () => {
  const { loader, calls } = create();
  const idleAtAnswer = loader.load('a').then(() => loader.idle);
  await turn();
  expect(loader.idle).toBe(false);
  calls[0]?.answer();
  expect(await idleAtAnswer).toBe(true);
});

test('gathers what comes in while a call is in flight, up to the size of a batch', async () => {
  const { loader, calls } = create(3);
  const values = [loader.load('a')];
  await turn();
  for (const key of ['b', 'c', 'd', 'e']) values.push(loader.load(key));
  calls[0]?.answer();
  await turn();
  expect(calls[1]?.keys).toEqual(['b', 'c', 'd']);
  calls[1]?.answer();
  await turn();
  expect(calls[2]?.keys).toEqual(['e']);
  calls[2]?.answer();
  expect(await Promise.all(values)).toEqual(['A', 'B', 'C', 'D', 'E']);
  expect(loader.idle).toBe(true);
});

test('asks once for a key that waits, and again for a key whose call is under way', async () => {
  const { loader, calls } = create();
  const first = loader.load('a');
  await turn();
  const second = [loader.load('a'), loader.load('a')];
  calls[0]?.answer();
  await turn();
  expect(calls[1]?.keys).toEqual(['a']);
  calls[1]?.answer();
  expect(await Promise.all([first, ...second])).toEqual(['A', 'A', 'A']);
  expect(calls).toHaveLength(2);
});

test('an error of the vendor reaches everybody in the batch, and the next batch goes on', async () => {
  const { loader, calls } = create();
  const both = [loader.load('a'), loader.load('b')].map((load) =>
    load.catch((error: Error) => error.message),
  );
  await turn();
  const next = loader.load('c');
  calls[0]?.fail(new Error('down'));
  expect(await Promise.all(both)).toEqual(['down', 'down']);
  await turn();
  calls[1]?.answer();
  expect(await next).toBe('C');
});

test('halves a refused batch until only the bad key fails', async () => {
  const fetched: (readonly string[])[] = [];
  const loader = new BatchLoader<string>({
    maxBatch: 10,
    isKeyFault: (error) => error instanceof BadKey,
    fetch: (keys) => {
      fetched.push(keys);
      if (keys.includes('bad')) return Promise.reject(new BadKey('refused'));
      return Promise.resolve(new Map(keys.map((key) => [key, key])));
    },
  });
  const results = await Promise.allSettled(['a', 'b', 'bad', 'c', 'd'].map((key) => loader.load(key)));
  expect(results.map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
  ]);
  expect(fetched.at(-1)).toEqual(['c', 'd']);
});
