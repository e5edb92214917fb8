import { unexpectedExitError, type StartedProcess } from '../../lib/processes.ts';
import { waitFor } from '../../lib/wait.ts';

/** Generous: a start takes 1–4 s here, but a busy machine is no reason to give up. */
const READY_TIMEOUT_MS = 90_000;

/** How the starter of the whole looks on while one process comes up. */
export interface StartWatch {
  /** Called as soon as the process runs, so that it can be ended whatever happens next. */
  readonly onStarted: (process: StartedProcess) => void;
  readonly signal?: AbortSignal;
}

/**
 * Waits until the process answers its own protocol.
 *
 * @throws the signal's reason when aborted; an error with the end of the log when the process ends before it is ready.
 */
export async function waitUntilReady(
  process: StartedProcess,
  probe: () => Promise<boolean>,
  watch: StartWatch,
): Promise<void> {
  watch.onStarted(process);
  await waitFor(probe, {
    what: `an answer of ${process.name}`,
    timeoutMs: READY_TIMEOUT_MS,
    abortIf: () => {
      watch.signal?.throwIfAborted();
      if (process.exit() !== undefined) throw unexpectedExitError(process);
    },
  });
}
