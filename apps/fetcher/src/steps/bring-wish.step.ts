import { type ContactWish, fetcherStores, type Outcome, outcomeOf, topics } from '#libs/contracts';
import type { OutcomeSubject, TaskContext } from '#libs/streams';
import type { WishResult } from '#libs/vendor-kit';
import type { FetcherTools } from '../fetcher-tools.js';
import { wishKey } from '../keys.js';
import { currentTraceId } from '../trace.js';
import { admitConnection } from './admit-connection.step.js';

/**
 * Brings what a contact wants to the books, where the vendor has a place for it and the connection names that. It is done here and
 * not by a service of its own, because the tenant's limits, breaker and token are kept in this process. Needs no intent: the
 * vendor's part reads, compares and writes a difference, so that what a crash interrupted is simply done again.
 * @throws LedgerwireError as the vendor's part, or when the connection cannot be used now; then the wish waits in its lane.
 */
export async function bringWish(
  tools: FetcherTools,
  wish: ContactWish,
  attempt: number,
  context: TaskContext,
): Promise<void> {
  const { connections, settings, contactWishes } = tools;
  const told = context.store(fetcherStores.wishes);
  const known = told.get(wishKey(wish));
  if (known?.commandId === wish.commandId) return;
  if (known && known.decidedAt > wish.decidedAt) {
    tellWish(context, wish, { status: 'skipped', reason: 'superseded', detail: 'A newer wish is known' });
    return;
  }
  const admission = admitConnection(connections.get(wish.connectionId), settings, attempt);
  if (admission.kind === 'drop') {
    tellWish(context, wish, { status: 'skipped', reason: admission.reason, detail: admission.detail });
    return;
  }
  if (!contactWishes?.isSetUp(admission.connection)) {
    tellWish(context, wish, {
      status: 'skipped',
      reason: 'books-take-no-opt-outs',
      detail: whyNot(tools, wish),
    });
    return;
  }
  const result = await contactWishes.bring(tools.callFor(admission.connection), wish);
  told.put(wishKey(wish), { commandId: wish.commandId, decidedAt: wish.decidedAt });
  tellWish(context, wish, verdicts[result](wish));
}

type WishVerdict = Pick<Outcome, 'status' | 'reason' | 'detail'>;

const verdicts: Readonly<Record<WishResult, (wish: ContactWish) => WishVerdict>> = {
  written: (wish) => ({
    status: 'kept',
    reason: 'kept-in-books',
    detail: `The contact ${wordsOf(wish)}; the books say so now`,
  }),
  'as-wished': (wish) => ({
    status: 'kept',
    reason: 'kept-in-books',
    detail: `The contact ${wordsOf(wish)}; the books said so already`,
  }),
  gone: () => ({
    status: 'skipped',
    reason: 'no-contact',
    detail: 'The books have no such contact any more',
  }),
};

function whyNot({ contactWishes, vendor }: FetcherTools, wish: ContactWish): string {
  const why = contactWishes
    ? `the connection names no place for it in ${vendor.manifest.name}`
    : `${vendor.manifest.name} has no place for it that may be written`;
  return `The contact ${wordsOf(wish)}; ${why}, Ledgerwire obeys it`;
}

function wordsOf({ smsAllowed }: ContactWish): string {
  return smsAllowed ? 'wants text messages again' : 'wants no text messages';
}

/** What an outcome about a wish refers to. */
export function aboutWish({
  workspaceId,
  connectionId,
  vendor,
  contactId,
  commandId,
  flowId,
}: ContactWish): OutcomeSubject {
  return {
    workspaceId,
    step: 'contact',
    vendor,
    connectionId,
    entityType: 'contact',
    entityId: contactId,
    commandId,
    flowId,
  };
}

function tellWish(context: TaskContext, wish: ContactWish, verdict: WishVerdict): void {
  const outcome = outcomeOf({
    ...aboutWish(wish),
    ...verdict,
    workspaceId: wish.workspaceId,
    step: 'contact',
    service: context.service,
    at: context.now(),
    what: wish.commandId,
    traceId: currentTraceId(),
  });
  context.emit(topics.outcomes, wish.workspaceId, outcome);
}
