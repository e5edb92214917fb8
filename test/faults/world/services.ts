import { join } from 'node:path';
import { repositoryRoot } from '../../../tools/lib/paths.ts';
import { isSameProcess } from '../../../tools/lib/process-identity.ts';
import { endProcess, startProcess, type StartedProcess } from '../../../tools/lib/processes.ts';
import { waitFor } from '../../../tools/lib/wait.ts';
import { instanceSpec } from '../../../tools/start/instances.ts';
import { servicePort } from '../../../tools/start/layout.ts';
import { readRunFile, type RunProcess } from '../../../tools/start/run-file.ts';
import type { RunningSystem } from '../../../tools/start/start-system.ts';
import { type ServiceName, services } from '../../../tools/services.ts';

/** The services that a fault may hit; the sandbox stands for the world outside. */
export const productServices = [
  'ingress',
  'fetcher',
  'mapper',
  'twilio-sender',
  'console',
  'token-broker',
] as const satisfies readonly ServiceName[];

export type ProductService = (typeof productServices)[number];

/** A replica that a fault has added; it is not started again when it dies. */
export interface ExtraReplica {
  /** SIGTERM and, after ten seconds, SIGKILL. */
  remove(): Promise<void>;
}

interface Extra {
  readonly service: ProductService;
  readonly port: number;
  readonly process: StartedProcess;
}

/** Kills, stops and pauses services by the ids in `run.json`: only what this suite has started. */
export class ServiceControl {
  private readonly extras = new Set<Extra>();

  private readonly system: RunningSystem;
  private readonly portBase: number;

  constructor(system: RunningSystem, portBase: number) {
    this.system = system;
    this.portBase = portBase;
  }

  /** Every process of a service that runs now (the first instance first). */
  processes(service: ProductService): RunProcess[] {
    const run = readRunFile(this.system.paths.runFile);
    return (run?.processes ?? []).filter(
      (process) => process.service === service && isSameProcess(process.pid ?? 0, process.identity),
    );
  }

  /** Ports of all instances that were started, replicas added by a fault included. */
  ports(service: ProductService): number[] {
    const own = this.processes(service).flatMap(({ ports }) => ports);
    const added = [...this.extras].filter((extra) => extra.service === service).map(({ port }) => port);
    return [...own, ...added];
  }

  /** Sends a signal to the first instance; false when it does not run at the moment. */
  signal(service: ProductService, name: NodeJS.Signals): boolean {
    const [target] = this.processes(service);
    if (target?.pid === undefined) return false;
    process.kill(target.pid, name);
    return true;
  }

  /** Ends the first instance politely and tells how long it took; the supervisor starts it again. */
  async stopPolitely(service: ProductService): Promise<number> {
    const [target] = this.processes(service);
    if (target?.pid === undefined) return 0;
    const began = performance.now();
    await endProcess(target.pid, { graceMs: 15_000 });
    return performance.now() - began;
  }

  /** Waits until a service answers that it is ready. */
  async untilReady(service: ProductService, timeoutMs = 60_000): Promise<void> {
    const url = `${this.system.context.urls[service].replace('//localhost:', '//127.0.0.1:')}/health/ready`;
    await waitFor(() => answersOk(url), { what: `readiness of ${service}`, timeoutMs });
  }

  async untilAllReady(timeoutMs = 60_000): Promise<void> {
    await Promise.all(productServices.map((service) => this.untilReady(service, timeoutMs)));
  }

  /** One more replica beside those of the start, of this build or of that in another checkout. Resolves when it is ready. */
  async addReplica(
    service: ProductService,
    number: number,
    environment: Readonly<Record<string, string>> = {},
    checkout: string = repositoryRoot,
  ): Promise<ExtraReplica> {
    const definition = services.find(({ name }) => name === service);
    if (!definition) throw new Error(`there is no service ${service}`);
    const port = servicePort(this.portBase, definition, number);
    const { context, paths } = this.system;
    const spec = instanceSpec({ service: definition, number, port }, context, paths.logs);
    const started = await startProcess({
      ...spec,
      args: spec.args.map((argument) => argument.replace(repositoryRoot, checkout)),
      workingDirectory: checkout,
      environment: { ...spec.environment, ...environment },
      logFile: join(paths.logs, `${service}-${number}.log`),
    });
    const extra = { service, port, process: started };
    this.extras.add(extra);
    await waitFor(() => answersOk(spec.readyUrl), {
      what: `readiness of ${spec.name}`,
      timeoutMs: 60_000,
      abortIf: () => {
        if (started.exit() !== undefined) throw new Error(`${spec.name} ended, see ${spec.logFile}`);
      },
    });
    return {
      remove: async () => {
        await endProcess(started.pid, { graceMs: 10_000 });
        this.extras.delete(extra);
      },
    };
  }

  /** Lets everything go on that was paused, and ends added replicas. */
  async release(): Promise<void> {
    for (const service of productServices) this.signal(service, 'SIGCONT');
    await Promise.all([...this.extras].map(({ process }) => endProcess(process.pid, { graceMs: 10_000 })));
    this.extras.clear();
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
