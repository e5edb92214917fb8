import { rmSync } from 'node:fs';
import { z } from 'zod';
import { isSameProcess, processIdentity } from '../lib/process-identity.ts';
import { endProcess } from '../lib/processes.ts';
import { readJsonFile, writePrivateJsonFile } from '../lib/json-file.ts';
import { UserError } from '../lib/user-error.ts';

const processSchema = z.object({
  service: z.string(),
  /** 1 for the first of a service. */
  instance: z.number(),
  /** Absent for what runs in a container. */
  pid: z.number().optional(),
  /** Tells the process from a later one with the same id. */
  identity: z.string().optional(),
  container: z.string().optional(),
  ports: z.array(z.number()),
  logFile: z.string().optional(),
});

const runSchema = z.object({
  startedAt: z.string(),
  portBase: z.number(),
  /** The process that supervises the others. */
  launcher: z.object({ pid: z.number(), identity: z.string().optional() }),
  urls: z.record(z.string(), z.string()),
  processes: z.array(processSchema),
});

/** One process of a run, as `.ledgerwire/run.json` names it. */
export type RunProcess = Readonly<z.infer<typeof processSchema>>;

export type RunFileContent = Readonly<z.infer<typeof runSchema>>;

/** Reads `run.json`; undefined when nothing was left by an earlier start. */
export function readRunFile(file: string): RunFileContent | undefined {
  return readJsonFile(file, runSchema);
}

/**
 * Makes way for a new start: refuses when the earlier one still runs; when it was killed, ends those of its processes
 * that live on. Returns how many it ended.
 *
 * @throws UserError when another start of this checkout is running.
 */
export async function clearEarlierRun(file: string): Promise<number> {
  const earlier = readRunFile(file);
  if (earlier === undefined) return 0;
  const { launcher } = earlier;
  if (isSameProcess(launcher.pid, launcher.identity)) {
    throw new UserError(
      `Ledgerwire is running already from this folder (process ${launcher.pid}, console at ${earlier.urls['console'] ?? 'an unknown address'}). Stop it with Ctrl-C where it was started, or with: kill ${launcher.pid}`,
    );
  }
  const living = earlier.processes.filter(
    ({ pid, identity }) => pid !== undefined && isSameProcess(pid, identity),
  );
  await Promise.all(
    living.map(({ pid = 0, service }) =>
      // PostgreSQL's answer to SIGTERM is to wait for its clients; SIGINT is its fast shutdown.
      endProcess(pid, { signal: service === 'postgres' ? 'SIGINT' : 'SIGTERM', graceMs: 10_000 }),
    ),
  );
  rmSync(file, { force: true });
  return living.length;
}

/** Keeps `run.json` in step with what runs. */
export class RunFile {
  readonly #file: string;
  readonly #head: Omit<RunFileContent, 'processes'>;
  readonly #processes = new Map<string, RunProcess>();

  constructor(
    file: string,
    head: { readonly portBase: number; readonly urls: Readonly<Record<string, string>> },
  ) {
    const identity = processIdentity(process.pid);
    this.#file = file;
    this.#head = {
      startedAt: new Date().toISOString(),
      portBase: head.portBase,
      launcher: { pid: process.pid, ...(identity === undefined ? {} : { identity }) },
      urls: { ...head.urls },
    };
    this.#write();
  }

  /** Adds a process, or puts the new one in the place of the earlier one of the same service and instance. */
  set(process: RunProcess): void {
    this.#processes.set(`${process.service} ${process.instance}`, process);
    this.#write();
  }

  remove(): void {
    rmSync(this.#file, { force: true });
  }

  #write(): void {
    writePrivateJsonFile(this.#file, { ...this.#head, processes: [...this.#processes.values()] });
  }
}
