import { type Clock, codeOf, fullJitterBackoff, type Random } from '#libs/core';
import type { Database, SubscriptionStep, WebhookSubscription } from '#libs/persistence';
import { type RemoteSubscription, VendorError } from '#libs/vendor-kit';
import type { SubscriptionSecrets } from '../crypto/subscription-secrets.js';
import type { SubscriptionAccess } from './subscription-calls.js';

/** What {@link advanceSubscription} works with. */
export interface AdvanceTools {
  readonly database: Pick<Database, 'subscriptions'>;
  readonly secrets: SubscriptionSecrets;
  readonly clock: Clock;
  readonly random: Random;
}

/** What became of one look at a subscription. */
export type SubscriptionOutcome = 'registered' | 'asked-again' | 'verified' | 'intact' | 'lost' | 'failed';

/** So long the vendor has for the handshake before it is asked for again. */
const PROOF_WAIT_MS = 10_000;
const AGAIN = { baseMs: 5_000, capMs: 30 * 60_000 };
/** How often one that delivers is looked for at the vendor: nobody tells us when somebody removes it there. */
const AUDIT_EVERY_MS = 6 * 3_600_000;

/**
 * One step forward of one subscription: wanted → registered → (the handshake comes through ingress) proven → verified. Every step can be
 * repeated: what the vendor has is looked up by its URL, which is ours alone, before anything is made a second time.
 */
export async function advanceSubscription(
  tools: AdvanceTools,
  access: SubscriptionAccess,
  row: WebhookSubscription,
  remote: () => Promise<readonly RemoteSubscription[]>,
): Promise<{ readonly outcome: SubscriptionOutcome; readonly problem: string | null }> {
  try {
    const outcome = await steps[row.status](tools, access, row, remote);
    return { outcome, problem: null };
  } catch (error) {
    return fail(tools, row, error);
  }
}

type Step = (
  tools: AdvanceTools,
  access: SubscriptionAccess,
  row: WebhookSubscription,
  remote: () => Promise<readonly RemoteSubscription[]>,
) => Promise<SubscriptionOutcome>;

const register: Step = async function register(tools, access, row, remote) {
  const { subscriptionId, event } = row;
  const url = access.urlOf(subscriptionId);
  // A first try that was lost may have made it.
  const known = row.attempts > 0 ? (await remote()).find((one) => one.url === url) : undefined;
  const made = known ?? (await access.subscriptions.register(access.call, event, url));
  const now = tools.clock.now();
  const { remoteId } = made;
  await tools.database.subscriptions.registered(
    subscriptionId,
    { remoteId, url, dueAt: now + PROOF_WAIT_MS },
    now,
  );
  return 'registered';
};

/** The handshake did not come, or somebody else's came: the vendor sends it once more. */
const askAgain: Step = async function askAgain(tools, access, row) {
  await access.subscriptions.askForProof(access.call, row.remoteId ?? '');
  const dueAt = tools.clock.now() + PROOF_WAIT_MS + waitAfter(tools, row.attempts + 1);
  await change(tools, row, { attempts: row.attempts + 1, problem: 'no-handshake', dueAt });
  return 'asked-again';
};

const confirm: Step = async function confirm(tools, access, row) {
  const secret = tools.secrets.secretOf(row);
  if (secret === null) {
    await change(tools, row, { status: 'registered', dueAt: tools.clock.now() });
    return 'asked-again';
  }
  try {
    await access.subscriptions.confirm(access.call, row.remoteId ?? '', secret);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    // Not the vendor's secret: whoever posted it knew the URL, and learns nothing.
    const dueAt = tools.clock.now() + waitAfter(tools, row.attempts + 1);
    const forgotten = { secret: null, keyId: null, attempts: row.attempts + 1 };
    await change(tools, row, { ...forgotten, status: 'registered', problem: 'proof-refused', dueAt });
    return 'failed';
  }
  const dueAt = tools.clock.now() + AUDIT_EVERY_MS;
  await change(tools, row, { status: 'verified', attempts: 0, problem: null, dueAt });
  return 'verified';
};

const audit: Step = async function audit(tools, access, row, remote) {
  const now = tools.clock.now();
  const found = (await remote()).find(({ remoteId }) => remoteId === row.remoteId);
  const isMoved = row.url !== access.urlOf(row.subscriptionId);
  if (found?.verified && !isMoved) {
    await change(tools, row, { attempts: 0, problem: null, dueAt: now + AUDIT_EVERY_MS });
    return 'intact';
  }
  // Our public URL is another one now, or the vendor's copy is gone or no longer verified: it is made anew.
  if (found) await access.subscriptions.remove(access.call, found.remoteId);
  await change(tools, row, startOver(now));
  return 'lost';
};

const steps: Readonly<Record<WebhookSubscription['status'], Step>> = {
  wanted: register,
  registered: askAgain,
  proven: confirm,
  verified: audit,
};

function startOver(now: number): SubscriptionStep {
  return {
    status: 'wanted',
    remoteId: null,
    url: null,
    secret: null,
    keyId: null,
    attempts: 0,
    problem: null,
    dueAt: now,
  };
}

/** An error waits and comes again; one that says that the vendor has it no more starts over. */
async function fail(
  tools: AdvanceTools,
  row: WebhookSubscription,
  error: unknown,
): Promise<{ readonly outcome: SubscriptionOutcome; readonly problem: string }> {
  const code = codeOf(error);
  const now = tools.clock.now();
  if (code === 'vendor-not-found' && row.status !== 'wanted') {
    await change(tools, row, startOver(now));
    return { outcome: 'lost', problem: code };
  }
  const attempts = row.attempts + 1;
  const asked = error instanceof VendorError ? (error.retryAfterMs ?? 0) : 0;
  const dueAt = now + Math.max(asked, waitAfter(tools, attempts));
  await change(tools, row, { attempts, problem: code, dueAt });
  return { outcome: 'failed', problem: code };
}

function isRefusal(error: unknown): boolean {
  return error instanceof VendorError && error.code === 'vendor-rejected';
}

function waitAfter({ random }: AdvanceTools, attempts: number): number {
  return Math.max(AGAIN.baseMs, fullJitterBackoff(AGAIN, attempts, random));
}

async function change(tools: AdvanceTools, row: WebhookSubscription, step: SubscriptionStep): Promise<void> {
  const { clock, database } = tools;
  await database.subscriptions.step(
    row,
    { ...step, ...(step.dueAt !== undefined && { dueAt: Math.round(step.dueAt) }) },
    clock.now(),
  );
}
