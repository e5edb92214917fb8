import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withStep } from '../lib/progress.ts';
import { UserError } from '../lib/user-error.ts';
import { type BenchSurroundings, withBenchSystem } from './bench-system.ts';
import { BenchProcess } from './processes/bench-process.ts';
import type { RestoreAnswer, RestoreOrder, RestoreSetup } from './processes/messages.ts';

/** What restoring one store took. */
export interface StateFigure {
  readonly keys: number;
  /** From nothing: the local file is missing. */
  readonly fresh: RestoreAnswer;
  /** With the file that the first restore left. */
  readonly again: RestoreAnswer;
}

/** The log and the registry alone. */
const SCALE = ['console=0', 'fetcher=0', 'mapper=0', 'twilio-sender=0', 'ingress=0', 'token-broker=0'];

/**
 * How long the dedup store of one task takes to be restored from its changelog, and what memory that costs: once from nothing
 * and once from the file that a restart finds. @throws UserError when a key is missing afterwards.
 */
export function benchState(keys: number, surroundings: BenchSurroundings): Promise<StateFigure> {
  return withBenchSystem(SCALE, surroundings, async ({ system }) => {
    const { kafkaBrokers, registryUrl } = system.context;
    const folder = mkdtempSync(join(tmpdir(), 'ledgerwire-bench-state-'));
    const file = join(folder, 'mapper.0.sqlite');
    const run = (what: string, fill: number | null): Promise<RestoreAnswer> =>
      withStep(surroundings.progress, `state, ${what}`, () =>
        inOwnProcess({ kafkaBrokers, registryUrl }, { fill, file }),
      );
    try {
      await run(`writing ${keys.toLocaleString('en-GB')} keys`, keys);
      const fresh = await run('restoring them', null);
      const again = await run('restoring them again', null);
      for (const { keys: found } of [fresh, again]) {
        if (found !== keys) throw new UserError(`${found} keys were restored of ${keys}.`);
      }
      return { keys, fresh, again };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

async function inOwnProcess(setup: RestoreSetup, order: RestoreOrder): Promise<RestoreAnswer> {
  const { process } = await BenchProcess.start<RestoreSetup, null, RestoreOrder, RestoreAnswer>(
    'restore-state',
    setup,
  );
  try {
    return await process.ask(order);
  } finally {
    process.stop();
  }
}
