import { join } from 'node:path';
import { mkdirSync, rmSync } from 'node:fs';
import {
  startInfrastructure,
  type Infrastructure,
  type InfrastructureProcess,
} from '../infra/infrastructure.ts';
import type { StatePaths } from '../lib/paths.ts';
import { assertPortsFree } from '../lib/ports.ts';
import { withStep, type Progress } from '../lib/progress.ts';
import { settleAll } from '../lib/wait.ts';
import { requireServiceEntry, services, type ServiceContext, type ServiceDefinition } from '../services.ts';
import type { StartArguments } from './arguments.ts';
import { instanceSpec, type RestartPauses, superviseInto } from './instances.ts';
import { infrastructurePorts, instanceClaims, planInstances, portBase, serviceUrls } from './layout.ts';
import { writePrometheusTargets } from './prometheus-targets.ts';
import { clearEarlierRun, RunFile } from './run-file.ts';
import { writeSandboxFile, type SandboxFileContent } from './sandbox-file.ts';
import { loadSecrets } from './secrets.ts';
import { runSetupJob } from './setup-job.ts';

/** A system that runs: what a scenario, a benchmark or a test needs to drive it. */
export interface RunningSystem {
  readonly context: ServiceContext;
  readonly sandbox: SandboxFileContent;
  readonly paths: StatePaths;
  /** Rejects when the infrastructure ends although nobody stopped it. Never resolves. */
  readonly failed: Promise<never>;
  /** Ends all processes, services first, and waits until they are gone. */
  stop(): Promise<void>;
}

export interface SystemOptions {
  readonly arguments: Pick<StartArguments, 'fresh' | 'install' | 'scale'>;
  readonly paths: StatePaths;
  readonly environment: NodeJS.ProcessEnv;
  readonly progress: Progress;
  /** Told of things that happen later, e.g. that a dead service was started again. */
  readonly notice: (text: string) => void;
  /** Gives up while starting; everything that runs by then is stopped before the start rejects. */
  readonly signal: AbortSignal;
  /** Where services find the vendors when not at the sandbox itself: a proxy before it. */
  readonly vendorsUrl?: string;
  /** How soon a service that died starts again; the supervisor's pauses unless given. */
  readonly restart?: RestartPauses;
}

/**
 * Starts everything: infrastructure and sandbox side by side, then the setup job, then all other services. Resolves when
 * all are ready; when one does not get ready, stops the others and rejects.
 *
 * @throws UserError when another start runs in this folder, a port is taken or something is to be installed first;
 * the signal's reason when aborted.
 */
export async function startSystem(options: SystemOptions): Promise<RunningSystem> {
  const { paths, environment, progress, signal, notice } = options;
  const base = portBase(environment);
  const instances = planInstances(base, options.arguments.scale);
  const urls = serviceUrls(base);
  for (const name of ['setup', ...instances.map(({ service }) => service.app)]) requireServiceEntry(name);
  const ended = await clearEarlierRun(paths.runFile);
  if (ended > 0) notice(`Ended ${ended} processes that an earlier start had left behind.`);
  await assertPortsFree(instanceClaims(instances));

  // A cache of the log: where that runs in containers, nothing else of it is in this folder.
  if (options.arguments.fresh) rmSync(stateFolderOf(paths), { recursive: true, force: true });
  mkdirSync(paths.logs, { recursive: true });
  const serviceNames = services.map((service) => service.name);
  const secrets = loadSecrets(paths.secretsFile, serviceNames);
  const runFile = new RunFile(paths.runFile, { portBase: base, urls });
  const supervisor = superviseInto(runFile, notice, options.restart);
  const startStage = async (stage: ServiceDefinition['stage'], context: ServiceContext): Promise<void> => {
    const specs = instances
      .filter(({ service }) => service.stage === stage)
      .map((instance) => instanceSpec(instance, context, paths.logs));
    await settleAll(specs.map((spec) => withStep(progress, spec.name, () => supervisor.start(spec))));
  };

  let infrastructure: Infrastructure | undefined;
  const stop = async (): Promise<void> => {
    await supervisor.stop();
    await infrastructure?.stop();
    runFile.remove();
  };
  signal.addEventListener('abort', () => void supervisor.stop(), { once: true });
  try {
    const bringUpInfrastructure = async (): Promise<void> => {
      infrastructure = await startInfrastructure({
        lifetime: 'kept',
        paths,
        environment,
        ports: infrastructurePorts(base),
        fresh: options.arguments.fresh,
        install: options.arguments.install,
        progress,
        onProcess: (process) => runFile.set(runProcess(process)),
        signal,
      });
    };
    const early: ServiceContext = {
      secrets,
      urls,
      environment,
      stateFolder: stateFolderOf(paths),
      vendors: { servers: {}, apps: {} },
      ...(options.vendorsUrl === undefined ? {} : { vendorsUrl: options.vendorsUrl }),
      instances: instances.map(({ service, number, port }) => ({
        name: `${service.name}-${number}`,
        url: `http://127.0.0.1:${port}`,
      })),
      kafkaBrokers: '',
      registryUrl: '',
      databaseUrl: '',
    };
    await settleAll([bringUpInfrastructure(), startStage('first', early)]);
    if (infrastructure === undefined) throw new Error('the infrastructure is not there');
    for (const process of infrastructure.processes) runFile.set(runProcess(process));

    const { kafkaBrokers, registryUrl, databaseUrl, failed } = infrastructure;
    const sandbox = await writeSandboxFile(paths.sandboxFile, urls, secrets);
    const vendors = { servers: sandbox.servers, apps: sandbox.vendors };
    const stateFolder = stateFolderOf(paths, infrastructure);
    const context = { ...early, kafkaBrokers, registryUrl, databaseUrl, vendors, stateFolder };
    const setup = (): Promise<void> => runSetupJob(context, paths.logs, signal);
    await withStep(progress, 'setup (migrations, topics, schemas)', setup);
    await startStage('after-setup', context);
    writePrometheusTargets(paths.root, instances);
    return { context, sandbox, paths, failed, stop };
  } catch (error) {
    await stop();
    // What was under way fails in its own words when it is stopped; the person only knows of Ctrl-C.
    signal.throwIfAborted();
    throw error;
  }
}

/**
 * Where services keep files beside the log. They know it by the id of the cluster; logs that have the same id have a folder each,
 * so that no service takes another log's files for its own.
 */
export function stateFolderOf(
  { data }: Pick<StatePaths, 'data'>,
  { logIdentity }: Pick<Infrastructure, 'logIdentity'> = {},
): string {
  return logIdentity === undefined ? join(data, 'state') : join(data, 'state', `log-${logIdentity}`);
}

function runProcess(process: InfrastructureProcess): Parameters<RunFile['set']>[0] {
  return { ...process, instance: 1, ports: [...process.ports] };
}
