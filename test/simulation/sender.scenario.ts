import { type Connection, type MessageCommand, topics } from '#libs/contracts';
import type { Scenario, ScenarioRun, ScenarioStep, SimulatedWorld } from '#libs/streams';
import { optOutKey } from '../../apps/twilio-sender/src/lanes.js';
import { aCommand, twilioConnection } from '../../apps/twilio-sender/src/testing/sender-bench.js';
import { MessageLedger } from './message-ledger.js';
import { deliverCallbacks, senderService } from './sender-service.js';
import { SimulatedTwilio } from './vendors/simulated-twilio.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NUMBERS = ['+447700900101', '+447700900102', '+447700900103'] as const;

/** twilio-sender against a Twilio that takes messages and says nothing, or says no and takes them. */
export const senderScenario: Scenario = {
  name: 'sender',
  harassEveryMs: 45_000,
  prepare: (world) => new SenderRun(world),
};

class SenderRun implements ScenarioRun {
  readonly faultsMs = 12 * MINUTE;
  readonly settleMs = 100 * HOUR;
  readonly lookEveryMs = 5 * MINUTE;
  readonly steps: readonly ScenarioStep[];
  private readonly carrier: SimulatedTwilio;
  private readonly ledger: MessageLedger;
  private readonly connections: Map<string, Connection>;
  private readonly service;

  constructor(private readonly world: SimulatedWorld) {
    const { chance } = world;
    this.carrier = new SimulatedTwilio(world);
    this.connections = new Map(['tw1', 'tw2'].map((id) => [id, connection(id)]));
    this.ledger = new MessageLedger(world, this.carrier);
    this.service = world.run(senderService(world, this.carrier, this.connections));
    deliverCallbacks(world, this.carrier);
    this.steps = [
      ...Array.from({ length: chance.between(3, 12) }, (_, i) => this.planCommand(i)).flat(),
      ...Array.from({ length: chance.between(0, 2) }, () => this.planStop()),
      ...(chance.random() < 0.3 ? this.planPause() : []),
      ...(chance.random() < 0.2 ? [this.planOutage()] : []),
    ];
  }

  settled(): boolean {
    return this.service.drained && this.ledger.openCommands().length === 0;
  }

  missing(): string {
    const open = this.ledger.openCommands().map((commandId) => this.ledger.describe(commandId));
    return `${open.join('; ')}; ready ${this.service.ready}`;
  }

  check(): string[] {
    return this.ledger.broken();
  }

  private planCommand(i: number): ScenarioStep[] {
    const { chance } = this.world;
    const command = aCommand({
      commandId: `c${i}`,
      connectionId: chance.pick(['tw1', 'tw2']),
      to: chance.pick(NUMBERS),
      body: `Invoice ${i} is due`,
      uncertainPolicy: chance.pick(['never', 'ask']),
    });
    const atMs = chance.between(0, 8 * MINUTE);
    const lasts = chance.random() < 0.1 ? chance.between(1_000, MINUTE) : undefined;
    const write = (name: string, at: number): ScenarioStep => ({
      atMs: at,
      name: `${name} ${command.commandId} to ${command.to.slice(-3)}`,
      run: () => this.writeCommand(command, lasts),
    });
    const again =
      chance.random() < 0.15 ? [write('command again', atMs + chance.between(0, 3 * MINUTE))] : [];
    return [write('command', atMs), ...again];
  }

  private writeCommand(command: MessageCommand, lasts: number | undefined): void {
    const { now } = this.world.queue;
    const written = this.ledger.wanted.get(command.commandId) ?? {
      ...command,
      notAfter: lasts === undefined ? null : now + lasts,
    };
    this.ledger.wanted.set(command.commandId, written);
    this.world.write(topics.messages, command.connectionId, written);
  }

  private planStop(): ScenarioStep {
    const { chance } = this.world;
    const from = chance.pick(NUMBERS);
    const connectionId = chance.pick(['tw1', 'tw2']);
    return {
      atMs: chance.between(0, 8 * MINUTE),
      name: `STOP from ${from.slice(-3)}`,
      run: () => {
        const { now } = this.world.queue;
        this.ledger.stops.add(optOutKey(connectionId, from));
        this.world.write(topics.communications, connectionId, {
          communicationId: `stop/${now}`,
          workspaceId: 'w1',
          connectionId,
          sid: `SMin${now}`,
          kind: 'sms',
          direction: 'inbound',
          from,
          to: '+15005550006',
          body: 'STOP',
          status: 'received',
          optOutType: 'STOP',
          messagingServiceSid: null,
          receivedAt: now,
        });
      },
    };
  }

  private planPause(): ScenarioStep[] {
    const { chance } = this.world;
    const set = (status: Connection['status'], atMs: number): ScenarioStep => ({
      atMs,
      name: `connection tw1 is ${status}`,
      run: () => void this.connections.set('tw1', { ...connection('tw1'), status }),
    });
    const atMs = chance.between(0, 6 * MINUTE);
    return [set('paused', atMs), set('active', atMs + chance.between(1_000, 5 * MINUTE))];
  }

  private planOutage(): ScenarioStep {
    const { chance, queue } = this.world;
    const forMs = chance.between(10_000, 4 * MINUTE);
    return {
      atMs: chance.between(0, 7 * MINUTE),
      name: `twilio is away for ${Math.round(forMs / 1_000)} s`,
      run: () => {
        this.carrier.awayUntil = queue.now + forMs;
      },
    };
  }
}

function connection(connectionId: string): Connection {
  return { ...twilioConnection, connectionId, settings: { from: '+15005550006' } };
}
