import { readdirSync, readFileSync } from 'node:fs';
import { endProcess, type StartedProcess } from '../../../tools/lib/processes.ts';

/** A process of the infrastructure that can be broken and brought back. It keeps its data over all of that. */
export class InfraProcess {
  private current: StartedProcess | undefined;

  readonly name: string;
  private readonly launch: (onStarted: (process: StartedProcess) => void) => Promise<unknown>;
  private readonly politeSignal: NodeJS.Signals;

  constructor(
    name: string,
    launch: (onStarted: (process: StartedProcess) => void) => Promise<unknown>,
    politeSignal: NodeJS.Signals,
  ) {
    this.name = name;
    this.launch = launch;
    this.politeSignal = politeSignal;
  }

  get pid(): number | undefined {
    return this.current?.exit() === undefined ? this.current?.pid : undefined;
  }

  /** Starts it and waits until it answers its own protocol. */
  async start(): Promise<void> {
    await this.launch((process) => {
      this.current = process;
    });
  }

  /** As a person or an orchestrator would: asks it to end and waits. */
  async stop(graceMs = 30_000): Promise<void> {
    if (this.pid !== undefined) await endProcess(this.pid, { signal: this.politeSignal, graceMs });
  }

  /** kill -9, its own child processes included. */
  async kill(): Promise<void> {
    const { pid } = this;
    if (pid === undefined) return;
    for (const child of [pid, ...childrenOf(pid)]) signal(child, 'SIGKILL');
    await this.current?.exited;
  }

  /** Stands still with all its connections open. */
  pause(): void {
    for (const pid of this.family()) signal(pid, 'SIGSTOP');
  }

  resume(): void {
    for (const pid of this.family()) signal(pid, 'SIGCONT');
  }

  /** Its id and those of its children. */
  family(): number[] {
    return this.pid === undefined ? [] : [this.pid, ...childrenOf(this.pid)];
  }
}

/** Direct children by /proc (Linux): PostgreSQL's backends lead sessions of their own, so that a process group does not reach them. */
function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent;
      } catch {
        return false;
      }
    });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}
