import { type ChangeNotice, type OperatorRequest, topics } from '#libs/contracts';
import { noticeFor } from '../notices.js';
import type { SimulatedService } from '../simulation/simulated-service.js';
import { SimulatedWorld } from '../simulation/simulated-world.js';
import { operatorRequestFor } from './operator-request.js';
import {
  KEY,
  PATIENCE_MS,
  type ProcessSettings,
  type RawInput,
  type Script,
  scriptedHandlers,
  scriptedTopic,
  type ServiceUnderTest,
  type TaskScenario,
} from './service-under-test.js';

const SERVICE = 'scripted';
const LOOK_EVERY_MS = 10;

/** Plays a scenario in a calm simulated world: the whole runtime with group and transactions, virtual time. */
export async function playSimulated(scenario: TaskScenario): Promise<void> {
  const world = new SimulatedWorld({ seed: 1, partitions: 1 });
  world.chance.calm = true;
  let ended = false;
  const played = scenario.play(new SimulatedServiceUnderTest(world)).finally(() => {
    ended = true;
  });
  // Whoever awaits both hears of a failed scenario, and not of a world that stood still because of it.
  await Promise.all([played, world.queue.runUntil(() => ended, Number.POSITIVE_INFINITY)]);
  const [violation] = world.violations;
  world.end();
  if (violation !== undefined) throw new Error(violation);
}

class SimulatedServiceUnderTest implements ServiceUnderTest {
  private readonly input = scriptedTopic('input');
  private readonly output = scriptedTopic('output');
  private started: SimulatedService | undefined;

  constructor(private readonly world: SimulatedWorld) {}

  start(script: Script, { sessionTimeoutMs, ...settings }: ProcessSettings = {}): Promise<void> {
    this.started = this.world.run({
      name: SERVICE,
      replicas: 1,
      settings,
      ...(sessionTimeoutMs !== undefined && {
        group: { sessionTimeoutMs, rebalanceTimeoutMs: sessionTimeoutMs },
      }),
      handlers: () => [scriptedHandlers({ input: this.input, output: this.output }, script)],
    });
    return this.until('the service is ready', () => this.started?.ready ?? false);
  }

  kill(): Promise<void> {
    this.started?.killAll();
    return Promise.resolve();
  }

  async terminate(): Promise<void> {
    await this.started?.terminateAll();
  }

  send(notices: readonly Partial<ChangeNotice>[]): Promise<void> {
    for (const notice of notices) this.world.write(this.input, KEY, noticeFor(notice));
    return Promise.resolve();
  }

  sendRaw({ value, headers }: RawInput): Promise<void> {
    this.world.kafka.write({
      topic: this.input.name,
      key: Buffer.from(KEY),
      value,
      headers: Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)] as const),
    });
    return Promise.resolve();
  }

  ask(request: Pick<OperatorRequest, 'action'> & Partial<OperatorRequest>): Promise<void> {
    this.world.write(topics.operatorRequests, 'request', operatorRequestFor(SERVICE, request));
    return Promise.resolve();
  }

  outputs() {
    return this.world.records(this.output).map(({ value }) => value);
  }

  outcomes() {
    return this.world.records(topics.outcomes).map(({ value }) => value);
  }

  deadLetters() {
    return this.world.records(topics.deadLetters).map(({ value }) => value);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.world.queue.schedule(ms, resolve));
  }

  until(what: string, holds: () => boolean): Promise<void> {
    const { queue } = this.world;
    const deadline = queue.now + PATIENCE_MS;
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (holds()) resolve();
        else if (queue.now > deadline) reject(new Error(`this did not happen: ${what}`));
        else queue.schedule(LOOK_EVERY_MS, look);
      };
      look();
    });
  }
}
