import { setPriority } from 'node:os';
import { join } from 'node:path';
import type { StartedProcess } from '../lib/processes.ts';
import {
  requireServiceEntry,
  type ServiceDefinition,
  serviceEnvironment,
  type ServiceContext,
} from '../services.ts';
import { Supervisor, type SupervisedSpec, type SupervisorOptions } from '../supervisor.ts';
import type { Instance } from './layout.ts';
import type { RunFile } from './run-file.ts';

/** V8's young generation grows to 16 MiB three times over unless told otherwise: ten processes on one machine need less. */
const SEMI_SPACE_MIB = 4;

/** An instance as the supervisor starts it. */
export interface InstanceSpec extends SupervisedSpec {
  readonly instance: Instance;
}

/** The pauses of the supervisor before it starts a dead service again. */
export type RestartPauses = Pick<SupervisorOptions<InstanceSpec>, 'firstBackoffMs' | 'maxBackoffMs'>;

/** How one instance of a service is started in this context. */
export function instanceSpec(instance: Instance, context: ServiceContext, logs: string): InstanceSpec {
  const { service, number, port } = instance;
  return {
    instance,
    name: `${service.name} ${number}`,
    command: process.execPath,
    args: ['--enable-source-maps', semiSpace(service), requireServiceEntry(service.app)],
    environment: serviceEnvironment(service, number, port, context),
    workingDirectory: process.cwd(),
    logFile: join(logs, `${service.name}-${number}.log`),
    readyUrl: `http://127.0.0.1:${port}/health/ready`,
  };
}

/** A supervisor that keeps `run.json` true and says when it had to start a service again. */
export function superviseInto(
  runFile: RunFile,
  notice: (text: string) => void,
  pauses: RestartPauses = {},
): Supervisor<InstanceSpec> {
  return new Supervisor<InstanceSpec>({
    ...pauses,
    onProcess: ({ instance }, process) => {
      if (instance.service.givesWay) giveWay(process.pid);
      runFile.set(runProcess(instance, process));
    },
    onRestart: (spec, reason, delayMs) => {
      const [firstLine = ''] = reason.message.split('\n');
      notice(`${firstLine} It starts again in ${delayMs} ms.`);
    },
  });
}

function runProcess(
  { service, number, port }: Instance,
  process: StartedProcess,
): Parameters<RunFile['set']>[0] {
  const { pid, identity, logFile } = process;
  const noted = { service: service.name, instance: number, pid, ports: [port], logFile };
  return identity === undefined ? noted : { ...noted, identity };
}

/** A third of the share of the others when all want a processor; nothing while there is one free (Linux, sched(7)). */
const GIVES_WAY = 5;

function giveWay(pid: number): void {
  try {
    setPriority(pid, GIVES_WAY);
  } catch {
    // It has ended already, which the supervisor sees, or the system does not let us: then all are equal.
  }
}

function semiSpace({ semiSpaceMiB = SEMI_SPACE_MIB }: ServiceDefinition): string {
  return `--max-semi-space-size=${semiSpaceMiB}`;
}
