import type { Clock } from '#libs/core';
import type { Chance } from './chance.js';
import type { EventQueue } from './event-queue.js';
import type { History } from './history.js';

/** How often what befalls a process and its requests. All are probabilities per request or answer. */
export interface ProcessFaults {
  /** The process dies right before an answer or a timer would reach it: between any two of its steps. */
  readonly crash: number;
  /** The request vanishes on its way. */
  readonly lostRequest: number;
  /** It is served, and the answer vanishes. */
  readonly lostAnswer: number;
  /** The caller gives up, and the request is served after that. */
  readonly lateRequest: number;
  /** Request or answer takes very long, without anything being lost. */
  readonly slow: number;
}

/** How one request may fail for its caller. */
export interface RequestKind {
  /** What is called and for what, for the history. */
  readonly name: string;
  /** After this the caller of a lost request hears {@link failure}. */
  readonly timeoutMs: number;
  failure(): Error;
}

/** What a process is part of. */
export interface ProcessSurroundings {
  readonly queue: EventQueue;
  readonly chance: Chance;
  readonly history: History;
  readonly faults: ProcessFaults;
  /** By how much the clocks of all processes are wrong; timers run by their own pace and do not follow a step. */
  readonly skew: { ms: number };
}

/**
 * A process of the simulated world: code under test that sees time, the network and its own end through this. Killed, nothing
 * reaches it any more, whatever it was waiting for; paused, everything reaches it later (SIGSTOP and SIGCONT).
 */
export class SimulatedProcess {
  readonly clock: Clock;
  /** Called when it was killed. */
  onKilled: () => void = () => undefined;
  private readonly atEnd: (() => void)[] = [];
  private alive = true;
  private pausedUntil = 0;

  constructor(
    readonly name: string,
    readonly surroundings: ProcessSurroundings,
  ) {
    const { queue } = surroundings;
    this.clock = {
      now: () => queue.now + surroundings.skew.ms,
      after: (delayMs, callback) => this.deliver(delayMs, 'timer', callback),
    };
  }

  get isAlive(): boolean {
    return this.alive;
  }

  get isPaused(): boolean {
    return this.surroundings.queue.now < this.pausedUntil;
  }

  /** kill -9. */
  kill(why: string): void {
    if (!this.alive) return;
    this.alive = false;
    this.surroundings.history.note(this.name, () => `is killed (${why})`);
    for (const end of this.atEnd) end();
    this.onKilled();
  }

  /** Lets go of something that the process holds and the simulation does not see, when the process ends. */
  onEnd(release: () => void): void {
    this.atEnd.push(release);
  }

  /** A fault point in the code under test: the process may die or dawdle there, and mostly goes on at once. */
  hit(point: string): Promise<void> {
    const { chance, faults } = this.surroundings;
    if (chance.strikesHere(`${this.name} dies at ${point}`, faults.crash)) {
      this.kill(`at ${point}`);
      return new Promise(() => undefined);
    }
    if (!chance.strikesHere(`${this.name} dawdles at ${point}`, faults.slow)) return Promise.resolve();
    return new Promise((resolve) => void this.deliver(chance.between(1, 3_000), point, resolve));
  }

  /** SIGSTOP, and SIGCONT after the time. */
  pause(forMs: number): void {
    this.pausedUntil = Math.max(this.pausedUntil, this.surroundings.queue.now + forMs);
    this.surroundings.history.note(this.name, () => `is stopped for ${forMs / 1_000} s`);
  }

  /** Ends a pause early. */
  wakeUp(): void {
    this.pausedUntil = 0;
  }

  /** Something that takes time inside the process, or an answer to it. The returned function takes it back. */
  deliver(delayMs: number, what: string, callback: () => void): () => void {
    const { queue, chance, faults } = this.surroundings;
    let cancel = (): void => undefined;
    const arrive = (): void => {
      if (!this.alive) return;
      if (queue.now < this.pausedUntil) {
        cancel = queue.schedule(this.pausedUntil - queue.now, arrive);
      } else if (chance.strikesHere(`${this.name} dies before: ${what}`, faults.crash)) {
        this.kill(`before: ${what}`);
      } else callback();
    };
    cancel = queue.schedule(delayMs, arrive);
    return () => cancel();
  }

  /**
   * A request over the simulated network. `serve` runs at the server, once at most, and may take its time; an error of the
   * server is an answer too.
   */
  request<T>(kind: RequestKind, serve: () => T | Promise<T>): Promise<T> {
    const { queue, chance, history, faults } = this.surroundings;
    const what = `${this.name} ${kind.name}`;
    return new Promise<T>((resolve, reject) => {
      const giveUp = (afterMs: number): void =>
        void this.deliver(afterMs, `failure of ${kind.name}`, () => reject(kind.failure()));
      const answer = (deliverIt: () => void): void => {
        if (chance.strikesHere(`answer lost: ${what}`, faults.lostAnswer)) {
          history.note(this.name, () => `${kind.name}: served, the answer is lost`);
          giveUp(chance.pick([1, kind.timeoutMs]));
        } else this.deliver(this.latency(), `answer to ${kind.name}`, deliverIt);
      };
      if (chance.strikesHere(`request lost: ${what}`, faults.lostRequest)) {
        history.note(this.name, () => `${kind.name}: the request is lost`);
        giveUp(chance.pick([1, kind.timeoutMs]));
        return;
      }
      if (chance.strikesHere(`request late: ${what}`, faults.lateRequest)) {
        history.note(this.name, () => `${kind.name}: given up, and served later`);
        giveUp(kind.timeoutMs);
        queue.schedule(kind.timeoutMs + chance.between(1, 3_000), () => {
          history.note('network', () => `${what} arrives late`);
          void attempt(serve).catch(() => undefined);
        });
        return;
      }
      queue.schedule(this.latency(), () => {
        attempt(serve).then(
          (value) => answer(() => resolve(value)),
          (error: unknown) => answer(() => reject(error)),
        );
      });
    });
  }

  private latency(): number {
    const { chance, faults } = this.surroundings;
    if (chance.strikesHere(`${this.name} waits long`, faults.slow)) return chance.between(50, 2_000);
    return chance.between(0, 5);
  }
}

async function attempt<T>(serve: () => T | Promise<T>): Promise<T> {
  return await serve();
}
