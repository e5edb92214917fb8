import { sleep } from '#libs/core';
import type { Call } from '../command.js';
import { CliError } from '../cli-error.js';
import type { SubscriptionAnswer, VendorAnswer } from '../http/broker-api.js';
import type { ConnectionAnswer } from '../http/console-answers.js';
import { counted, moment } from '../output/format.js';

const LOOK_MS = 1_500;
const DEFAULT_WAIT_MINUTES = 15;
const LINK_MINUTES = 24 * 60;
/** Registering and proving a handful of subscriptions takes seconds; a vendor that is slow is told of. */
const SUBSCRIPTIONS_MS = 120_000;
/** Token-broker makes them within some seconds of the connection, or not at all. */
const BEGINNING_MS = 15_000;

/**
 * Makes a link for the owner of the account and waits until what it allows is connected; where the vendor keeps webhook
 * subscriptions, until they are verified.
 * @throws CliError when nobody has followed the link in time.
 */
export async function connectByConsent(
  call: Call,
  vendor: VendorAnswer,
  workspaceId: string,
): Promise<readonly ConnectionAnswer[]> {
  const { args, broker, surroundings } = call;
  const waitMinutes = args.wholeNumber('wait', 0, LINK_MINUTES) ?? DEFAULT_WAIT_MINUTES;
  const before = new Map(
    (await broker.connections(workspaceId)).map((one) => [one.connectionId, one.updatedAt]),
  );
  const { url, expiresAt } = await broker.connectLink(
    vendor.id,
    workspaceId,
    LINK_MINUTES,
    args.flag('may-write'),
  );
  if (waitMinutes === 0) {
    call.show({ url, expiresAt }, () => url);
    return [];
  }
  call.tell(
    `Open this link, or send it to whoever may speak for the account (good until ${moment(expiresAt) ?? ''}):\n\n  ${url}\n\nWaiting for ${vendor.name} … (Ctrl-C ends the waiting; the link stays good)`,
  );
  const deadline = surroundings.clock.now() + waitMinutes * 60_000;
  for (;;) {
    const connections = (await broker.connections(workspaceId)).filter(
      (one) =>
        one.vendor === vendor.id &&
        one.status === 'active' &&
        (before.get(one.connectionId) ?? -Infinity) < one.updatedAt,
    );
    if (connections.length > 0) {
      if (vendor.subscribes) for (const connection of connections) await untilSubscribed(call, connection);
      return connections;
    }
    if (surroundings.clock.now() >= deadline) {
      throw new CliError(
        `Nobody has connected ${vendor.name} within ${counted(waitMinutes, 'minute')}. The link stays good until ${moment(expiresAt) ?? ''}; "ledgerwire connections" shows when it was used.`,
      );
    }
    await sleep(surroundings.clock, LOOK_MS, surroundings.signal);
  }
}

async function untilSubscribed(call: Call, { connectionId }: ConnectionAnswer): Promise<void> {
  const { broker, surroundings } = call;
  const began = surroundings.clock.now();
  let told = '';
  for (;;) {
    const subscriptions = await broker.subscriptions(connectionId);
    const left = subscriptions.filter(({ status }) => status !== 'verified');
    const state = `${subscriptions.length - left.length} of ${counted(subscriptions.length, 'webhook subscription')} verified`;
    if (subscriptions.length > 0 && state !== told) call.tell(state);
    told = state;
    if (subscriptions.length > 0 && left.length === 0) return;
    const waitedMs = surroundings.clock.now() - began;
    if (subscriptions.length === 0 && waitedMs >= BEGINNING_MS) {
      call.tell(
        'No webhook subscription is made: set INGRESS_PUBLIC_URL for token-broker. Until then changes are found by polling.',
      );
      return;
    }
    if (waitedMs >= SUBSCRIPTIONS_MS) {
      call.tell(`Not verified yet: ${left.map(describe).join('; ')}. Token-broker goes on trying.`);
      return;
    }
    await sleep(surroundings.clock, LOOK_MS, surroundings.signal);
  }
}

function describe({ event, status, problem }: SubscriptionAnswer): string {
  return `${event} is ${status}${problem === null ? '' : ` (${problem})`}`;
}
