import { createHash } from 'node:crypto';
import { RestoreRig } from '#libs/streams';
import type { RestoreAnswer, RestoreOrder, RestoreSetup } from './messages.ts';
import { serve } from './worker.ts';

/** Command ids as they are: random to look at, and so as bad for a tree of pages as can be. */
function idOf(i: number): string {
  const hex = createHash('sha1').update(String(i)).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

/** Fills and restores the dedup store of one task, in a process of its own: its memory is part of the figure. */
serve((setup: RestoreSetup) => {
  const rig = new RestoreRig(setup);
  const handle = async ({ fill, file }: RestoreOrder): Promise<RestoreAnswer> => {
    const before = process.memoryUsage.rss();
    const startedAt = performance.now();
    const cpuAt = process.cpuUsage();
    if (fill !== null) await rig.fill(fill, idOf);
    const keys = fill ?? (await rig.restore(file));
    return {
      keys,
      seconds: (performance.now() - startedAt) / 1_000,
      cpuSeconds: (process.cpuUsage(cpuAt).user + process.cpuUsage(cpuAt).system) / 1_000_000,
      megabytes: (process.memoryUsage.rss() - before) / 1_000_000,
      rssMegabytes: process.memoryUsage.rss() / 1_000_000,
    };
  };
  return Promise.resolve({ ready: null, handle });
});
