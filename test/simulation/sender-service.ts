import { Registry } from 'prom-client';
import { type Connection, type DeliveryReport, topics } from '#libs/contracts';
import { silentLogger } from '#libs/platform';
import type { ServiceDescription, SimulatedProcess, SimulatedWorld } from '#libs/streams';
import { noVendorMetrics, type TokenSource, VendorRuntime } from '#libs/vendor-kit';
import { twilio } from '#libs/vendors/twilio';
import { defaultSenderSettings, type SenderTools } from '../../apps/twilio-sender/src/sender-tools.js';
import { SenderMetrics } from '../../apps/twilio-sender/src/twilio-sender.metrics.js';
import { TwilioSenderPipeline } from '../../apps/twilio-sender/src/twilio-sender.pipeline.js';
import type { SimulatedTwilio, TakenMessage } from './vendors/simulated-twilio.js';
import { transportTo } from './vendors/vendor-network.js';

/** Consumer group and prefix of the state topics, as in production. */
export const SENDER = 'twilio-sender';

/** Group settings for worlds in which hours pass: the same proportions as in production, ten times slower. */
export const slowGroup = {
  sessionTimeoutMs: 100_000,
  rebalanceTimeoutMs: 60_000,
  heartbeatIntervalMs: 30_000,
  fetchMaxWaitMs: 20_000,
  transactionTimeoutMs: 60_000,
};

/** Not the 72 hours of production: idle hours show nothing and cost time. */
const DELIVERY_CHECKS_MS = [2, 5, 15, 30].map((minutes) => minutes * 60_000);

const metrics = new SenderMetrics(new Registry());

/** twilio-sender with its real pipeline, vendor runtime and Twilio client, against a simulated Twilio. */
export function senderService(
  world: SimulatedWorld,
  carrier: SimulatedTwilio,
  connections: ReadonlyMap<string, Connection>,
): ServiceDescription {
  return {
    name: SENDER,
    replicas: world.chance.between(1, 2),
    group: slowGroup,
    settings: { commitLingerMs: world.chance.pick([0, 5]) },
    handlers: (process) => [new TwilioSenderPipeline(toolsFor(process, carrier, connections))],
  };
}

/** Passes Twilio's status callbacks on as ingress does: late, twice, out of order or not at all. */
export function deliverCallbacks(world: SimulatedWorld, carrier: SimulatedTwilio): void {
  const { chance, queue } = world;
  carrier.onStatus = (message) => {
    const report = reportOf(message, queue.now);
    if (chance.strikesHere(`callback lost: ${message.status}`, 0.1)) return;
    const deliver = (afterMs: number): void =>
      void queue.schedule(afterMs, () => world.write(topics.deliveryReports, message.connectionId, report));
    deliver(
      chance.strikesHere('callback late', 0.1) ? chance.between(1_000, 120_000) : chance.between(5, 300),
    );
    if (chance.strikesHere('callback twice', 0.1)) deliver(chance.between(5, 30_000));
  };
}

function toolsFor(
  process: SimulatedProcess,
  carrier: SimulatedTwilio,
  connections: ReadonlyMap<string, Connection>,
): SenderTools {
  const runtime = new VendorRuntime({
    vendor: twilio,
    baseUrls: { api: 'https://twilio.test', comms: 'https://twilio.test' },
    transport: transportTo(carrier, process),
    tokens: tokensOf(process),
    clock: process.clock,
    metrics: noVendorMetrics,
    faultPoints: process,
  });
  process.onEnd(() => runtime.dispose());
  if (!twilio.messaging) throw new Error('twilio carries no messages');
  return {
    messaging: twilio.messaging,
    connections,
    settings: { ...defaultSenderSettings, deliveryChecksMs: DELIVERY_CHECKS_MS },
    metrics,
    random: process.surroundings.chance.random,
    logger: silentLogger,
    callFor: (connection) => runtime.callFor(connection),
    statusCallbackUrl: ({ connectionId, commandId }) => `https://ingress.test/${connectionId}/${commandId}`,
  };
}

/** token-broker as it mostly is: a moment away. */
function tokensOf(process: SimulatedProcess): TokenSource {
  const answer = <T>(value: T): Promise<T> =>
    new Promise(
      (resolve) =>
        void process.deliver(process.surroundings.chance.between(0, 3), 'token', () => resolve(value)),
    );
  return {
    accessToken: () => answer({ accessToken: 'token', expiresAt: Number.MAX_SAFE_INTEGER, accountId: 'AC1' }),
    rejectAccessToken: () => undefined,
    credentials: () => answer({ accountId: 'AC1', credentials: { user: 'user', password: 'password' } }),
    rejectCredentials: () => undefined,
  };
}

function reportOf(message: TakenMessage, receivedAt: number): DeliveryReport {
  const { sid, commandId, connectionId, status, errorCode } = message;
  return {
    reportId: `${sid}/${status}`,
    workspaceId: 'w1',
    connectionId,
    commandId,
    messageSid: sid,
    channel: 'sms',
    status,
    errorCode,
    source: 'callback',
    receivedAt,
  };
}
