import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

interface Reply {
  readonly value?: unknown;
  readonly error?: string;
}

/** A part of a benchmark in a process of its own, asked one thing at a time. */
export class BenchProcess<Order, Answer> {
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.child = child;
  }

  /** Starts `tools/bench/processes/<name>.ts`; resolves with what it says when it is ready. */
  static async start<Setup, Ready, Order, Answer>(
    name: string,
    setup: Setup,
  ): Promise<{ readonly process: BenchProcess<Order, Answer>; readonly ready: Ready }> {
    const child = fork(join(import.meta.dirname, `${name}.ts`), {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      serialization: 'advanced',
      // A group of its own: Ctrl-C reaches the launcher alone, which then ends everything in order.
      detached: true,
    });
    const process = new BenchProcess<Order, Answer>(child);
    try {
      return { process, ready: (await process.exchange(setup)) as Ready };
    } catch (error) {
      process.stop();
      throw error;
    }
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** @throws Error when the process fails at it or ends. */
  ask(order: Order): Promise<Answer> {
    return this.exchange(order) as Promise<Answer>;
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }

  private exchange(message: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const onExit = (): void => reject(new Error('a process of the benchmark ended'));
      this.child.once('exit', onExit);
      this.child.once('message', (reply: Reply) => {
        this.child.off('exit', onExit);
        if (reply.error === undefined) resolve(reply.value);
        else reject(new Error(reply.error));
      });
      this.child.send(message as object, (error) => {
        if (error) reject(error);
      });
    });
  }
}
