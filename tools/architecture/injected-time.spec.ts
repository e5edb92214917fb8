import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { filesBelow } from '../bootstrap/stamps.mjs';
import { repositoryRoot } from '../lib/paths.ts';

/** Time and chance that come from the machine: code that uses them cannot be simulated, and its tests must wait. */
const MACHINE = [
  'Date.now(',
  'new Date()',
  'performance.now(',
  'process.hrtime',
  'setTimeout(',
  'setInterval(',
  'timers/promises',
  'AbortSignal.timeout(',
  'Math.random(',
] as const;

type Machine = (typeof MACHINE)[number];

interface Place {
  readonly uses: readonly Machine[];
  readonly because: string;
}

/** The few places that may; everything else takes `Clock` and `Random` of libs/core from whoever makes it. */
const ALLOWED: Readonly<Record<string, Place>> = {
  'libs/core/src/clock.ts': {
    uses: ['Date.now(', 'setTimeout('],
    because: 'it is the clock of the machine',
  },
  'libs/core/src/random.ts': {
    uses: ['Math.random('],
    because: 'it is the chance of the machine',
  },
  'libs/streams/src/kafka/kafkajs-internals.ts': {
    uses: ['Date.now(', 'setInterval('],
    because: 'it mends timers of kafkajs, which compare with times that kafkajs took itself',
  },
  'libs/streams/src/codec/registry-admin.ts': {
    uses: ['AbortSignal.timeout('],
    because: 'it bounds an HTTP call of the setup job',
  },
  'libs/flows/src/templates/template-engine.ts': {
    uses: ['performance.now('],
    because: 'a template is given so much time of the processor',
  },
  'apps/ingress/src/intake/webhook-verifier.ts': {
    uses: ['performance.now('],
    because: 'it measures what a verification costs, in parts of a millisecond',
  },
  'apps/console/src/summary/service-health.ts': {
    uses: ['AbortSignal.timeout('],
    because: 'it bounds an HTTP call to another service',
  },
  'apps/cli/src/http/api-client.ts': {
    uses: ['AbortSignal.timeout('],
    because: 'it bounds an HTTP call of a person',
  },
};

/** Doubles of vendors on real sockets, whose delays are real; never part of what is deployed. */
const DOUBLES = 'apps/sandbox/';

function machineUsesIn(text: string): Machine[] {
  const code = text
    .split('\n')
    .filter((line) => !/^\s*(\*|\/\/|\/\*)/.test(line))
    .join('\n');
  return MACHINE.filter((use) => new RegExp(`(?<![\\w.])${use.replace(/[.()]/g, '\\$&')}`).test(code));
}

function isChecked(file: string): boolean {
  if (!file.endsWith('.ts') || file.startsWith(DOUBLES)) return false;
  if (file.startsWith('libs/streams/src/testing/simulation/')) return true;
  return !file.endsWith('.spec.ts') && !file.includes('/testing/');
}

/** What ships, and what must come out the same for the same seed. */
const checked = ['apps', 'libs', 'test/simulation']
  .flatMap((folder) => filesBelow(join(repositoryRoot, folder)))
  .map((file) => file.slice(repositoryRoot.length + 1).replaceAll('\\', '/'))
  .filter(isChecked);

describe('time and chance', () => {
  test('are injected everywhere but in the places that are named', () => {
    expect(checked.length).toBeGreaterThan(300);
    const found = checked.flatMap((file) => {
      const allowed: readonly string[] = ALLOWED[file]?.uses ?? [];
      const uses = machineUsesIn(readFileSync(join(repositoryRoot, file), 'utf8'));
      return uses.filter((use) => !allowed.includes(use)).map((use) => `${file}: ${use}…)`);
    });
    expect(found).toEqual([]);
  });

  test('are still used in each place that may', () => {
    const stale = Object.entries(ALLOWED).flatMap(([file, { uses }]) => {
      const path = join(repositoryRoot, file);
      const found: readonly string[] = existsSync(path) ? machineUsesIn(readFileSync(path, 'utf8')) : [];
      return uses.filter((use) => !found.includes(use)).map((use) => `${file}: ${use}`);
    });
    expect(stale).toEqual([]);
  });
});

test.each([
  ['const now = Date.now();', ['Date.now(']],
  ['  const wait = 1;\n  setTimeout(go, wait);', ['setTimeout(']],
  ["import { setTimeout as wait } from 'node:timers/promises';", ['timers/promises']],
  ['/** Nothing reads `Date.now()`. */\n * as Math.random() does\n// new Date()', []],
  ['const at = new Date(epochMs); clock.setTimeout(x); mySetInterval(y);', []],
])('the rule sees what %j uses', (text, uses) => {
  expect(machineUsesIn(text)).toEqual(uses);
});
