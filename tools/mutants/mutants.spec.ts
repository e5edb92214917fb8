import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repositoryRoot } from '../lib/paths.ts';
import { filesOf, mutateText, type Mutant } from './mutant.ts';
import { makeMutatedCheckout, type MutatedCheckout } from './mutated-checkout.ts';
import { mutants } from './mutants.ts';
import { parseMutantArguments } from './arguments.ts';
import { readOnce } from './run-once.ts';
import { readSimulation } from './run-simulation.ts';
import { countTrials, tryMutants } from './try-mutants.ts';

describe('the list of mutants', () => {
  it.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
    '%s still fits the source and changes it',
    (_name, mutant) => {
      for (const file of filesOf(mutant)) {
        const source = readFileSync(join(repositoryRoot, file), 'utf8');
        expect(mutateText(mutant, file, source)).not.toBe(source);
      }
    },
  );

  it('has names of its own, and a suite that catches each', () => {
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
    expect(mutants.filter(({ caughtBy }) => caughtBy.length === 0)).toEqual([]);
  });
});

describe('mutateText', () => {
  const edit = { file: 'a.ts', find: 'x = 1', replace: 'x = 2' };
  const mutant: Mutant = { name: 'm', removes: 'x', edits: [edit], caughtBy: ['once'] };

  it.each([
    ['is gone', 'y = 1', 0],
    ['stands there twice', 'x = 1; x = 1', 2],
  ])('refuses when the text %s', (_how, text, count) => {
    expect(() => mutateText(mutant, 'a.ts', text)).toThrow(
      `mutant m: its text occurs ${count} times in a.ts`,
    );
  });

  it('leaves other files alone', () => {
    expect(mutateText(mutant, 'b.ts', 'x = 1')).toBe('x = 1');
  });
});

describe('a mutated checkout', () => {
  const mutant = mutants[0] as Mutant;
  const [file = ''] = filesOf(mutant);
  const before = readFileSync(join(repositoryRoot, file), 'utf8');
  let checkout: MutatedCheckout;

  beforeAll(() => {
    checkout = makeMutatedCheckout(mutant);
  }, 60_000);
  afterAll(() => checkout.remove());

  it('holds the mutated source and build, and leaves the working tree alone', () => {
    const { root, dist } = checkout;
    expect(readFileSync(join(root, file), 'utf8')).toBe(mutateText(mutant, file, before));
    expect(readFileSync(join(dist, file.replace(/\.ts$/, '.js')), 'utf8')).not.toContain('contentHash ===');
    expect(readFileSync(join(repositoryRoot, file), 'utf8')).toBe(before);
  });

  it('links under Node itself', () => {
    const program = "await import('#libs/flows'); process.stdout.write('linked')";
    const args = ['--input-type=module', '--eval', program];
    expect(execFileSync(process.execPath, args, { cwd: checkout.root }).toString()).toBe('linked');
  }, 60_000);
});

describe('trying mutants', () => {
  const chosen = mutants.slice(0, 2);

  it('passes what turns the suite red, after the unchanged checkout was green', async () => {
    const trials = await tryMutants(
      chosen,
      (_checkout, mutant) => Promise.resolve({ verdict: mutant ? 'red' : 'green', why: '' }),
      () => undefined,
      { make: () => ({ root: '', dist: '', remove: () => undefined }) },
    );
    expect(trials.map(({ mutant, passed }) => [mutant?.name, passed])).toEqual([
      [undefined, true],
      ...chosen.map(({ name }) => [name, true]),
    ]);
    expect(countTrials(trials)).toBe('3 passed, 0 failed');
  });

  it.each(['green', 'broken'] as const)('fails a mutant whose run is %s', async (verdict) => {
    const trials = await tryMutants(
      chosen.slice(0, 1),
      (_checkout, mutant) => Promise.resolve({ verdict: mutant ? verdict : 'green', why: '' }),
      () => undefined,
      { make: () => ({ root: '', dist: '', remove: () => undefined }) },
    );
    expect(countTrials(trials)).toBe('1 passed, 1 failed');
  });

  it('stops when the unchanged checkout is red already', async () => {
    const trials = await tryMutants(
      chosen,
      () => Promise.resolve({ verdict: 'red', why: '' }),
      () => undefined,
      { make: () => ({ root: '', dist: '', remove: () => undefined }) },
    );
    expect(countTrials(trials)).toBe('0 passed, 1 failed');
  });
});

describe('reading a run of --once', () => {
  const report = (ok: boolean, problems: string[]) =>
    JSON.stringify({ ok, doubles: [], problems: [], events: [{ title: 'an invoice', problems }] });

  it.each([
    ['green', 0, `progress\n${report(true, [])}`],
    ['red', 1, report(false, ['2 messages'])],
    ['broken', 1, 'mapper did not start'],
    ['broken', 1, report(true, [])],
  ] as const)('is %s with exit code %i', (verdict, code, output) => {
    expect(readOnce(code, output).verdict).toBe(verdict);
  });

  it('names the problems', () => {
    expect(readOnce(1, report(false, ['2 messages'])).why).toBe('an invoice: 2 messages');
  });
});

it('reads a run of the simulation as red by a seed that broke a promise, and as broken when nothing was played', () => {
  expect(readSimulation(1, '✗ task seed 31: written d1, handled d1 d1\n').verdict).toBe('red');
  expect(readSimulation(1, 'does not compile').verdict).toBe('broken');
  expect(readSimulation(0, '').verdict).toBe('green');
});

describe('the options', () => {
  it('choose the mutants of the suite', () => {
    const { chosen } = parseMutantArguments(['--against', 'once'], mutants);
    expect(chosen).toEqual(mutants.filter(({ caughtBy }) => caughtBy.includes('once')));
  });

  it.each([
    [[], '--against must name a suite'],
    [['--against', 'twice'], '--against must name a suite'],
    [['--against', 'once', '--only', 'nothing'], 'There is no mutant "nothing"'],
    [['--against', 'once', '--only', 'sender-intent'], 'sender-intent is not for once'],
    [['--colour'], '--help'],
  ])('%j is refused with what to do', (args, message) => {
    expect(() => parseMutantArguments(args, mutants)).toThrow(message);
  });
});
