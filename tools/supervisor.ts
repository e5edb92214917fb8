import { setTimeout as delay } from 'node:timers/promises';
import { endProcess, startProcess, unexpectedExitError, type StartedProcess } from './lib/processes.ts';
import { waitFor } from './lib/wait.ts';

/** One process that is kept alive. */
export interface SupervisedSpec {
  /** For people and for the log, e.g. `fetcher 2`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly workingDirectory: string;
  readonly logFile: string;
  /** Answers 200 when the process is ready for work. */
  readonly readyUrl: string;
}

export interface SupervisorOptions<Spec extends SupervisedSpec> {
  /** Told of every process as soon as it runs: the first one and each that takes the place of a dead one. */
  readonly onProcess: (spec: Spec, process: StartedProcess) => void;
  /** Told when a process that was ready has died and will be started again. */
  readonly onRestart: (spec: Spec, reason: Error, delayMs: number) => void;
  readonly readyTimeoutMs?: number;
  /** Pause before the first restart; doubles with each further one, up to `maxBackoffMs`. */
  readonly firstBackoffMs?: number;
  readonly maxBackoffMs?: number;
  /** A process that lived this long starts again with the first pause. */
  readonly healthyAfterMs?: number;
}

/** What Kubernetes does, as far as one machine needs it: CrashLoopBackOff runs from 10 s to 5 min there. */
const DEFAULTS = {
  readyTimeoutMs: 60_000,
  firstBackoffMs: 250,
  maxBackoffMs: 15_000,
  healthyAfterMs: 60_000,
};

/**
 * Starts processes, waits until they are ready, and starts one again that died: with a pause that grows while it keeps
 * dying. A process that dies before it was ready for the first time is not tried again: its configuration is wrong.
 */
export class Supervisor<Spec extends SupervisedSpec = SupervisedSpec> {
  readonly #options: SupervisorOptions<Spec> & typeof DEFAULTS;
  readonly #running = new Map<Spec, StartedProcess>();
  readonly #stopping = new AbortController();
  readonly #watches: Promise<void>[] = [];

  constructor(options: SupervisorOptions<Spec>) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /**
   * Starts a process and waits until it is ready; from then on keeps it alive.
   *
   * @throws Error with the end of its log when it ends, or does not become ready in time, the first time. It is ended then.
   */
  async start(spec: Spec): Promise<void> {
    const process = await this.#launch(spec);
    try {
      await this.#untilReady(spec, process);
    } catch (error) {
      await endProcess(process.pid, { graceMs: 2_000 });
      throw error;
    }
    const watch = this.#keepAlive(spec, process);
    // A program that could be started once can be started again; should that fail all the same, `stop` says so.
    watch.catch(() => {});
    this.#watches.push(watch);
  }

  /** Ends everything: SIGTERM, and SIGKILL to whoever still lives after `graceMs`. Resolves when all are gone. */
  async stop(graceMs = 10_000): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#running.values()].map(({ pid }) => endProcess(pid, { graceMs })));
    await Promise.all(this.#watches);
  }

  async #launch(spec: Spec): Promise<StartedProcess> {
    const process = await startProcess(spec);
    this.#running.set(spec, process);
    this.#options.onProcess(spec, process);
    // A stop that came while the process was being created did not see it.
    if (this.#stopping.signal.aborted) await endProcess(process.pid, { graceMs: 2_000 });
    return process;
  }

  async #untilReady(spec: Spec, process: StartedProcess): Promise<void> {
    await waitFor(() => answersOk(spec.readyUrl), {
      what: `readiness of ${spec.name} (${spec.readyUrl}, log ${spec.logFile})`,
      timeoutMs: this.#options.readyTimeoutMs,
      abortIf: () => {
        this.#stopping.signal.throwIfAborted();
        if (process.exit() !== undefined) throw unexpectedExitError(process);
      },
    });
  }

  async #keepAlive(spec: Spec, first: StartedProcess): Promise<void> {
    let backoffMs = this.#options.firstBackoffMs;
    let process: StartedProcess | undefined = first;
    while (process !== undefined) {
      const began = performance.now();
      await process.exited;
      if (this.#stopping.signal.aborted) return;
      if (performance.now() - began >= this.#options.healthyAfterMs) backoffMs = this.#options.firstBackoffMs;
      this.#options.onRestart(spec, unexpectedExitError(process), backoffMs);
      process = await this.#launchAfter(backoffMs, spec);
      backoffMs = Math.min(backoffMs * 2, this.#options.maxBackoffMs);
    }
  }

  /** Undefined when everything is being stopped meanwhile. */
  async #launchAfter(delayMs: number, spec: Spec): Promise<StartedProcess | undefined> {
    try {
      await delay(delayMs, undefined, { signal: this.#stopping.signal });
      return await this.#launch(spec);
    } catch (error) {
      if (this.#stopping.signal.aborted) return undefined;
      throw error;
    }
  }
}

async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
