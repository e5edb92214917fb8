import { type ChangeNotice, type OperatorRequest, topics } from '#libs/contracts';
import { ManualClock, sleep } from '#libs/core';
import { noticeFor } from '../notices.js';
import { PipelineDriver } from '../pipeline-driver.js';
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
} from './service-under-test.js';

const SERVICE = 'scripted';

/** The scripted service on the driver that tests of handlers use: one task, the log in memory, virtual time. */
export class DrivenService implements ServiceUnderTest {
  private readonly clock = new ManualClock();
  private readonly input = scriptedTopic('input');
  private readonly output = scriptedTopic('output');
  private started: PipelineDriver | undefined;

  async start(script: Script, settings: ProcessSettings = {}): Promise<void> {
    this.started = await PipelineDriver.start({
      service: SERVICE,
      handlers: [scriptedHandlers({ input: this.input, output: this.output }, script)],
      clock: this.clock,
      settings,
    });
  }

  async kill(): Promise<void> {
    await this.driver.restart();
  }

  async terminate(): Promise<void> {
    let ended = false;
    const stopped = this.driver.stop().then(() => {
      ended = true;
    });
    await this.until('the process has ended', () => ended);
    await stopped;
    await this.driver.restart();
  }

  send(notices: readonly Partial<ChangeNotice>[]): Promise<void> {
    for (const notice of notices) this.driver.send(this.input, KEY, noticeFor(notice));
    return Promise.resolve();
  }

  sendRaw({ value, headers }: RawInput): Promise<void> {
    this.driver.sendBytes(this.input.name, KEY, value, headers);
    return Promise.resolve();
  }

  ask(request: Pick<OperatorRequest, 'action'> & Partial<OperatorRequest>): Promise<void> {
    this.driver.send(topics.operatorRequests, 'request', operatorRequestFor(SERVICE, request));
    return Promise.resolve();
  }

  outputs() {
    return this.driver.sent(this.output);
  }

  outcomes() {
    return this.driver.sent(topics.outcomes);
  }

  deadLetters() {
    return this.driver.sent(topics.deadLetters);
  }

  sleep(ms: number): Promise<void> {
    return sleep(this.clock, ms);
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    const deadline = this.clock.now() + PATIENCE_MS;
    for (;;) {
      await allReady();
      if (holds()) return;
      const next = this.clock.nextTimerAt();
      if (next === undefined || next > deadline) throw new Error(`this did not happen: ${what}`);
      await this.clock.advance(next - this.clock.now());
    }
  }

  private get driver(): PipelineDriver {
    if (!this.started) throw new Error('the service was not started');
    return this.started;
  }
}

/** Lets every promise callback run that is ready. */
function allReady(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
