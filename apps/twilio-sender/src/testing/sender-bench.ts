import { Registry } from 'prom-client';
import {
  type Communication,
  type ContactCommand,
  type Connection,
  type DeliveryReport,
  type MessageCommand,
  type Outcome,
  topics,
  twilioSenderStores,
} from '#libs/contracts';
import { ManualClock, seededRandom } from '#libs/core';
import { silentLogger } from '#libs/platform';
import { PipelineDriver } from '#libs/streams';
import type { VendorCall } from '#libs/vendor-kit';
import { defaultSenderSettings, type SenderTools } from '../sender-tools.js';
import { SenderMetrics } from '../twilio-sender.metrics.js';
import { TwilioSenderPipeline } from '../twilio-sender.pipeline.js';
import { FakeCarrier } from './fake-carrier.js';

/** The Twilio connection of the tests. */
export const twilioConnection: Connection = {
  connectionId: 'tw1',
  workspaceId: 'w1',
  vendor: 'twilio',
  accountId: 'AC1',
  displayName: 'Messages',
  status: 'active',
  timeZone: 'UTC',
  country: 'GB',
  currency: null,
  settings: {},
  updatedAt: 0,
};

/** A command to send an SMS, with what the test says differently. */
export function aCommand(changes: Partial<MessageCommand> = {}): MessageCommand {
  return {
    commandId: 'c1',
    workspaceId: 'w1',
    connectionId: 'tw1',
    flowId: 'f1',
    flowVersion: 1,
    flowStep: 'notify',
    businessEvent: 'invoice/i1/issued',
    channel: 'sms',
    to: '+447700900123',
    recipientKind: 'customer',
    sender: null,
    subject: null,
    body: 'Invoice INV-1 is due',
    html: null,
    sourceConnectionId: 'x1',
    sourceVendor: 'xero',
    entityType: 'invoice',
    entityId: 'i1',
    entityNumber: 'INV-1',
    recordId: 'r1',
    origin: 'webhook',
    uncertainPolicy: 'never',
    createdAt: 0,
    notAfter: null,
    firstNoticedAt: 0,
    resendOf: null,
    onFailure: [],
    quietSpans: [],
    ...changes,
  };
}

/** A command to keep a contact, with what the test says differently. */
function aContactCommand(changes: Partial<ContactCommand>): ContactCommand {
  const version = changes.sourceVersion ?? 1;
  return {
    commandId: `k${String(version)}`,
    workspaceId: 'w1',
    connectionId: 'tw1',
    flowId: 'f1',
    flowVersion: 1,
    flowStep: 'contacts',
    businessEvent: `contact/p1/preferences/${String(version)}`,
    action: 'upsert',
    contactKey: 'xero:x1:contact:p1',
    name: 'Ann',
    kind: 'customer',
    phone: '+447700900123',
    email: 'ann@example.com',
    formerPhones: [],
    smsAllowed: null,
    emailAllowed: null,
    twoWay: false,
    country: 'GB',
    timeZone: null,
    language: 'en-GB',
    sourceConnectionId: 'x1',
    sourceVendor: 'xero',
    entityId: 'p1',
    sourceVersion: version,
    recordId: `r${String(version)}`,
    origin: 'webhook',
    createdAt: 0,
    firstNoticedAt: 0,
    ...changes,
  };
}

/** The sender on a simulated task, with a carrier in memory. */
export class SenderBench {
  readonly clock = new ManualClock(Date.UTC(2026, 10, 21, 9));
  readonly carrier = new FakeCarrier(() => this.clock.now());
  readonly registry = new Registry();
  connection: Connection | undefined = twilioConnection;
  private running: PipelineDriver | undefined;

  /** @param beforeCommit throwing there is a transaction that fails. */
  static async start(beforeCommit: (bench: SenderBench) => void = () => undefined): Promise<SenderBench> {
    const bench = new SenderBench();
    bench.running = await PipelineDriver.start({
      service: 'twilio-sender',
      handlers: [new TwilioSenderPipeline(bench.tools())],
      clock: bench.clock,
      beforeCommit: () => beforeCommit(bench),
    });
    return bench;
  }

  get driver(): PipelineDriver {
    if (!this.running) throw new Error('not started');
    return this.running;
  }

  /** Hands a command to the sender and waits for what comes of it. */
  async send(changes: Partial<MessageCommand> = {}): Promise<void> {
    this.driver.send(topics.messages, 'tw1', aCommand(changes));
    await this.settle();
  }

  /** Waits until everything is handled. @throws what ended the service, if something did. */
  async settle(): Promise<void> {
    await this.driver.settle();
    if (this.driver.fatalError) throw this.driver.fatalError;
  }

  /** Hands over what the books say of a contact. */
  async change(changes: Partial<ContactCommand> = {}): Promise<void> {
    this.driver.send(topics.contacts, 'tw1', aContactCommand(changes));
    await this.settle();
  }

  async report(messageSid: string, status: string, changes: Partial<DeliveryReport> = {}): Promise<void> {
    this.driver.send(topics.deliveryReports, 'tw1', {
      reportId: `${messageSid}/${status}`,
      workspaceId: 'w1',
      connectionId: 'tw1',
      commandId: 'c1',
      messageSid,
      channel: 'sms',
      status,
      errorCode: null,
      source: 'callback',
      receivedAt: this.clock.now(),
      ...changes,
    });
    await this.settle();
  }

  async hear(optOutType: 'STOP' | 'START' | null, from = '+447700900123'): Promise<void> {
    const communication: Communication = {
      communicationId: `${optOutType ?? 'text'}/${this.clock.now()}`,
      workspaceId: 'w1',
      connectionId: 'tw1',
      sid: 'SMinbound',
      kind: 'sms',
      direction: 'inbound',
      from,
      to: '+15005550006',
      body: optOutType ?? 'hello',
      status: 'received',
      optOutType,
      messagingServiceSid: null,
      receivedAt: this.clock.now(),
    };
    this.driver.send(topics.communications, 'tw1', communication);
    await this.settle();
  }

  /**
   * Lets time pass. An idle text message afterwards makes the driver read on: it hands over what the sender wrote to its own
   * input (polled reports) with the next record that is sent.
   */
  async pass(ms: number): Promise<void> {
    await this.driver.advance(ms);
    await this.hear(null);
  }

  outcomes(): Outcome[] {
    return this.driver.sent(topics.outcomes);
  }

  /** `step/status/reason` of every outcome so far. */
  trail(): string[] {
    return this.outcomes().map(({ status, reason }) => (reason === null ? status : `${status}/${reason}`));
  }

  state(commandId = 'c1') {
    return this.driver.stored(twilioSenderStores.commands, commandId);
  }

  /** Value of a counter with the given labels. */
  async counted(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const metric = await this.registry.getSingleMetric(name)?.get();
    const wanted = Object.entries(labels);
    const found = metric?.values.find((value) =>
      wanted.every(([label, text]) => (value.labels as Record<string, unknown>)[label] === text),
    );
    return found?.value ?? 0;
  }

  private tools(): SenderTools {
    return {
      messaging: this.carrier,
      connections: { get: () => this.connection },
      settings: defaultSenderSettings,
      metrics: new SenderMetrics(this.registry),
      random: seededRandom(7),
      logger: silentLogger,
      callFor: (connection): VendorCall => ({
        connection,
        baseUrls: {},
        request: () => Promise.reject(new Error('the carrier of the tests makes no requests')),
      }),
      statusCallbackUrl: ({ connectionId, commandId }) => `https://example.test/${connectionId}/${commandId}`,
    };
  }
}
