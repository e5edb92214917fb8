import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isAlive, processIdentity } from './process-identity.ts';
import { UserError } from './user-error.ts';
import { waitFor, WaitTimeoutError } from './wait.ts';

export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly workingDirectory: string;
  /** Receives standard output and standard error; appended to. */
  readonly logFile: string;
  /** Runs the process as this user; only root may do that. */
  readonly account?: { readonly uid: number; readonly gid: number };
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child process that runs, or ran, with its output in a file. */
export interface StartedProcess {
  readonly name: string;
  readonly pid: number;
  readonly identity: string | undefined;
  readonly logFile: string;
  /** Settles once, when the process has ended; never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** How the process ended; undefined while it runs. */
  exit(): ProcessExit | undefined;
}

/**
 * Starts a program with its output in a file. It gets a process group of its own, so that Ctrl-C in the terminal
 * reaches only the launcher, which then stops everything in order.
 *
 * @throws Error when the program cannot be started at all (not found, not executable).
 */
export async function startProcess(spec: ProcessSpec): Promise<StartedProcess> {
  mkdirSync(dirname(spec.logFile), { recursive: true });
  const log = openSync(spec.logFile, 'a');
  const child = spawn(spec.command, [...spec.args], {
    cwd: spec.workingDirectory,
    env: spec.environment,
    stdio: ['ignore', log, log],
    detached: true,
    ...spec.account,
  });
  closeSync(log);
  let exit: ProcessExit | undefined;
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('exit', (code, signal) => {
      exit = { code, signal };
      resolve(exit);
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', () => resolve());
    child.once('error', (cause) =>
      reject(new Error(`cannot start ${spec.name} (${spec.command})`, { cause })),
    );
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${spec.name} has no process id`);
  return {
    name: spec.name,
    pid,
    identity: processIdentity(pid),
    logFile: spec.logFile,
    exited,
    exit: () => exit,
  };
}

/**
 * Ends a process by its id: the polite signal first, SIGKILL when it still lives after `graceMs`.
 * Resolves when it is gone; at once when it is gone already.
 */
export async function endProcess(
  pid: number,
  options: { readonly signal?: NodeJS.Signals; readonly graceMs: number },
): Promise<'gone' | 'killed'> {
  if (!sendSignal(pid, options.signal ?? 'SIGTERM')) return 'gone';
  const ended = { what: `end of process ${pid}`, intervalMs: 20 };
  try {
    await waitFor(async () => !isAlive(pid), { ...ended, timeoutMs: options.graceMs });
    return 'gone';
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error;
  }
  sendSignal(pid, 'SIGKILL');
  await waitFor(async () => !isAlive(pid), { ...ended, timeoutMs: 10_000 });
  return 'killed';
}

/** The last lines of a log file, for an error message; empty when there is no such file. */
export function logTail(logFile: string, lines = 15): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}

/** An error that says how a process ended although nobody stopped it, with the end of its log. */
export function unexpectedExitError(process: StartedProcess): UserError {
  const exit = process.exit();
  const how = exit?.signal ?? `exit code ${exit?.code ?? 'unknown'}`;
  return new UserError(
    `${process.name} ended (${how}).\nEnd of ${process.logFile}:\n${logTail(process.logFile)}`,
  );
}

function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}
