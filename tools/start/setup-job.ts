import { join } from 'node:path';
import { endProcess, logTail, startProcess } from '../lib/processes.ts';
import { UserError } from '../lib/user-error.ts';
import { requireServiceEntry, setupEnvironment, type ServiceContext } from '../services.ts';

const TIME_LIMIT_MS = 120_000;

/**
 * Runs apps/setup to its end: migrations, topics, schemas.
 *
 * @throws the signal's reason when aborted; an error with the end of its log when it fails or takes longer than 2 min.
 */
export async function runSetupJob(context: ServiceContext, logs: string, signal: AbortSignal): Promise<void> {
  const logFile = join(logs, 'setup.log');
  const job = await startProcess({
    name: 'setup',
    command: process.execPath,
    args: [requireServiceEntry('setup')],
    environment: setupEnvironment(context),
    workingDirectory: process.cwd(),
    logFile,
  });
  const end = (): void => void endProcess(job.pid, { graceMs: 2_000 });
  const limit = setTimeout(end, TIME_LIMIT_MS);
  signal.addEventListener('abort', end, { once: true });
  const { code } = await job.exited;
  clearTimeout(limit);
  signal.removeEventListener('abort', end);
  signal.throwIfAborted();
  if (code !== 0) throw new UserError(`setup failed. End of ${logFile}:\n${logTail(logFile)}`);
}
