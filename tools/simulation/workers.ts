import { Worker } from 'node:worker_threads';

/** What is asked of a worker; test/simulation/simulation-worker.ts answers. */
export type WorkerRequest =
  | { readonly kind: 'list' }
  | { readonly kind: 'play'; readonly scenario: string; readonly from: number; readonly count: number }
  | { readonly kind: 'show'; readonly scenario: string; readonly seed: number; readonly shrink: boolean };

/** A seed that broke a promise. */
export interface FailedSeed {
  readonly scenario: string;
  readonly seed: number;
  readonly violations: readonly string[];
}

/** What the scenarios are. */
export interface ScenarioList {
  readonly scenarios: readonly { readonly name: string; readonly share: number }[];
}

/** What came of some seeds. */
export interface PlayedSeeds {
  readonly scenario: string;
  readonly seeds: number;
  readonly events: number;
  readonly faults: number;
  readonly virtualMs: number;
  readonly failed: readonly FailedSeed[];
}

/** One seed to be read. */
export interface ShownSeed {
  readonly violations: readonly string[];
  readonly history: readonly string[];
  /** Steps and faults that happened. */
  readonly strikes: readonly string[];
  /** How many there were before shrinking. */
  readonly strikesBefore: number;
}

/** A thread of the simulation, asked one thing at a time. */
export class SimulationWorker {
  private readonly worker: Worker;

  constructor(program: string) {
    // Worlds are many and short-lived: with room for them they are gone before they must be copied.
    this.worker = new Worker(program, { resourceLimits: { maxYoungGenerationSizeMb: 128 } });
  }

  list(): Promise<ScenarioList> {
    return this.ask({ kind: 'list' });
  }

  play(scenario: string, from: number, count: number): Promise<PlayedSeeds> {
    return this.ask({ kind: 'play', scenario, from, count });
  }

  show(scenario: string, seed: number, shrink: boolean): Promise<ShownSeed> {
    return this.ask({ kind: 'show', scenario, seed, shrink });
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }

  private ask<T>(request: WorkerRequest): Promise<T> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        this.worker.off('message', onMessage);
        this.worker.off('error', onError);
      };
      const onMessage = (answer: unknown): void => {
        done();
        resolve(answer as T);
      };
      const onError = (error: Error): void => {
        done();
        reject(error);
      };
      this.worker.on('message', onMessage);
      this.worker.on('error', onError);
      this.worker.postMessage(request);
    });
  }
}
