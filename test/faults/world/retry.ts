import { setTimeout as delay } from 'node:timers/promises';

/** Tries again, `tries` times in all with half a second between. @throws what the last try threw. */
export async function retryWhile<T>(work: () => Promise<T>, tries: number): Promise<T> {
  for (let left = tries - 1; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      if (left <= 0) throw error;
      await delay(500);
    }
  }
}
