import { setTimeout as delay } from 'node:timers/promises';
import { type Books, BooksWriter } from '../load/books-writer.ts';

const PATIENCE_MS = 120_000;
const NEXT_TRY_MS = 6_000;

/**
 * Waits until a message of every tenant has gone out: connections and flows are known everywhere then. What happens in the books before
 * a flow is known is none of the flow's business and would look like a loss.
 *
 * @throws Error that names the tenants of which nothing came.
 */
export async function warmUp(world: Books): Promise<void> {
  const books = new BooksWriter(world);
  await books.open();
  const from = await world.sandbox.ledgerEnd();
  const deadline = performance.now() + PATIENCE_MS;
  const sentTo = new Map<string, number>();
  const silent = new Set(world.tenants.keys());
  while (silent.size > 0) {
    if (performance.now() > deadline)
      throw new Error(`no message of tenants ${[...silent].join(', ')} in time`);
    for (const tenant of silent) sentTo.set((await books.issue(tenant, 'AUTHORISED')).to, tenant);
    const nextTry = performance.now() + NEXT_TRY_MS;
    while (silent.size > 0 && performance.now() < nextTry) {
      await delay(200);
      for (const { to } of await world.sandbox.messagesAfter(from)) silent.delete(sentTo.get(to ?? '') ?? -1);
    }
  }
}
