import { spawn } from 'node:child_process';
import { repositoryRoot } from '../lib/paths.ts';

/** One thing that is checked. */
export interface Step {
  /** What `--only` calls it. */
  readonly name: string;
  /** What puts the usual fault right, where a command can. */
  readonly remedy?: string;
  run(): Promise<StepResult>;
}

export interface StepResult {
  readonly ok: boolean;
  /** What to show when the step is red and has not shown it already. */
  readonly output?: string;
  /** Counts of a test run; absent for steps that are no test runs. */
  readonly tests?: TestCounts;
}

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface CommandResult {
  readonly code: number;
  readonly output: string;
}

/** Runs a Node program of a checkout and keeps what it prints, or lets it print (`show`). */
export function runNode(
  args: readonly string[],
  options: {
    readonly show?: boolean;
    readonly environment?: NodeJS.ProcessEnv;
    /** This checkout unless another one is given. */
    readonly checkout?: string;
  } = {},
): Promise<CommandResult> {
  const child = spawn(process.execPath, [...args], {
    cwd: options.checkout ?? repositoryRoot,
    env: { ...process.env, ...options.environment },
    stdio: options.show === true ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  // A terminal sends Ctrl-C to the child by itself; anyone else who ends this process means the child too.
  const forward = (signal: NodeJS.Signals): boolean => child.kill(signal);
  const signals: NodeJS.Signals[] = process.stdin.isTTY ? ['SIGTERM'] : ['SIGTERM', 'SIGINT'];
  for (const signal of signals) process.on(signal, forward);
  const ended = new Promise<CommandResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
  return ended.finally(() => {
    for (const signal of signals) process.off(signal, forward);
  });
}
